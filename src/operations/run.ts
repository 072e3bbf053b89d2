import { symlink } from "node:fs/promises";
import { tmpdir as systemTmpdir } from "node:os";
import { join } from "node:path";
import { findRuntime } from "../process/find-program.js";
import type { Progress, WarningCode } from "../progress.js";
import { callersIds, writeSpec } from "../runtime/bundle.js";
import { type Holder, startHolder } from "../runtime/container/holder.js";
import { runHeld, runPlainly } from "../runtime/container/run-container.js";
import { memoryLimit, unpackContainerTree } from "../runtime/container-tree.js";
import { type BundleSettings, bundleSpec, type SpecSettings } from "../runtime/spec/bundle-spec.js";
import { containerId, removeAbandonedCgroups } from "../runtime/spec/cgroups.js";
import { containerIds } from "../runtime/spec/id-ranges.js";
import type { ImageSource } from "../transport/transport.js";
import { type OpenedImage, openImage } from "../unpack/image-layers.js";
import type { OwnerIds } from "../unpack/ownership.js";
import type { UnpackOptions } from "../unpack/unpack.js";
import { openImageSource, type SourceOptions } from "./image-source.js";

/** How to try an image. */
export interface RunOptions extends UnpackOptions, BundleSettings {
  /** The OCI runtime; default the first of runc and crun that is on PATH. */
  readonly runtime?: string | undefined;
  /** Keep the bundle here; default: it is temporary, and goes with the container. */
  readonly keep?: string | undefined;
  /** Where temporary bundles are made; default the system's. */
  readonly tmpdir?: string | undefined;
  /** Default true. False: what root starts runs as root of this machine. Without root there always is one. */
  readonly userNamespace?: boolean | undefined;
}

/**
 * Unpacks an image, in memory where it fits, runs it on the host's network with an OCI runtime, standard streams and signals
 * passed through, and gives the status of its process. Both end with this process, however that ends. A way to try an image,
 * not a container engine: no network, resource limits or restarts of its own. KEY_MISMATCH before anything is written when
 * a layer does not open; UNSUPPORTED when there is no runtime; else what `writeBundle` throws.
 */
export async function run(source: ImageSource, options: RunOptions = {}): Promise<number> {
  const runtime = await findRuntime(options.runtime);
  const image = await openImage(source, options);
  const ids = idsFor(options);
  const attempt = { image, runtime, options, ids, id: await containerId() };
  await removeAbandonedCgroups();
  const holder = await startHolder({
    limit: memoryLimit,
    ids,
    visible: visiblePaths(runtime, options),
    streams: relays(options) ? "relay" : "inherit",
    command: (point) => commandLine(attempt, point),
  });
  try {
    return await (holder ? runIn(holder, attempt) : runWithout(attempt));
  } finally {
    await holder?.end();
  }
}

/** Opens an image and runs it with {@link run}. */
export async function runImage(reference: string, options: RunOptions & SourceOptions = {}): Promise<number> {
  await using source = await openImageSource(reference, options);
  return await run(source, options);
}

/** One call. */
interface Run {
  readonly image: OpenedImage;
  readonly runtime: string;
  readonly options: RunOptions;
  /** Those of root's container; undefined: it has none, or there is no root. */
  readonly ids: OwnerIds | undefined;
  readonly id: string;
}

async function runIn(holder: Holder, run: Run): Promise<number> {
  const { options, ids } = run;
  const spec = (rootfs: string) => specFor(run, rootfs, ids ?? callersIds());
  await using tree = await unpackContainerTree(run.image, { ...options, ids, memory: holder.directory, spec });
  if (tree.directory !== holder.directory) await symlink(tree.rootfs, join(holder.directory, "tree"));
  // In the holder the caller is root already.
  const caller = callersIds() && { users: { first: 0, count: 1 }, groups: { first: 0, count: 1 } };
  await writeSpec(holder.directory, specFor(run, tree.rootfs, ids ?? caller));
  return await runHeld(holder, { relay: relays(options), ids, signal: options.signal });
}

/** Where there is no holder: on disk, and the runtime is on its own when this process is killed. */
async function runWithout(run: Run): Promise<number> {
  const { options, ids, image } = run;
  if (image.encrypted && options.keep === undefined) {
    const why = "there is no setpriv or unshare of util-linux here, or the kernel refuses";
    warn(options.progress, "PLAIN_ON_DISK", `the image is encrypted, and its files are on disk while it runs: ${why}`);
  }
  const spec = (rootfs: string) => specFor(run, rootfs, ids ?? callersIds());
  await using tree = await unpackContainerTree(image, { ...options, ids, memory: undefined, spec });
  if (!tree.kept) await writeSpec(tree.directory, spec(tree.rootfs));
  return await runPlainly(commandLine(run, tree.directory), { relay: relays(options), signal: options.signal });
}

function specFor({ image, options }: Run, rootfs: string, ids: OwnerIds | undefined): object {
  const settings: SpecSettings = {
    ...options,
    ids,
    network: "host",
    // So that names can be looked up on the host's network.
    hostFiles: ["/etc/resolv.conf", "/etc/hosts"],
    unannotated: true,
  };
  return bundleSpec(image.config, rootfs, settings);
}

function commandLine({ runtime, id }: Run, bundle: string): readonly string[] {
  return [runtime, "--root", join(bundle, "state"), "run", "--bundle", bundle, id];
}

function idsFor({ userNamespace, progress }: RunOptions): OwnerIds | undefined {
  if (callersIds() !== undefined) return undefined;
  if (userNamespace !== false) return containerIds();
  const message =
    "without a user namespace root of the container is root of this machine: run nothing but what you trust like your own root shell";
  warn(progress, "NO_USER_NAMESPACE", message);
  return undefined;
}

/** What the standard streams are is none of the container's; see `relayStreams`. */
function relays({ terminal }: RunOptions): boolean {
  return !terminal;
}

function visiblePaths(runtime: string, { mounts, keep, tmpdir }: RunOptions): readonly string[] {
  return [runtime, ...(mounts ?? []).map(({ source }) => source), keep ?? tmpdir ?? systemTmpdir()];
}

function warn(progress: Progress | undefined, code: WarningCode, message: string): void {
  progress?.({ type: "warning", code, message });
}
