import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, constants as fileConstants } from "node:fs/promises";
import { constants, tmpdir as systemTmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { childEnvironment } from "../child-environment.js";
import { OciEncError, systemCode } from "../errors.js";
import { makeTemporaryTree } from "../transport/files/temporary-tree.js";
import type { ImageSource } from "../transport/transport.js";
import type { UnpackOptions } from "../unpack/unpack.js";
import { type BundleSettings, writeBundle } from "./bundle.js";
import type { Mount } from "./runtime-spec.js";

/** How to try an image. */
export interface RunOptions extends UnpackOptions, BundleSettings {
  /** The OCI runtime; default the first of runc and crun that is on PATH. */
  readonly runtime?: string | undefined;
  /** Keep the bundle here; default: it is temporary, and goes with the container. */
  readonly keep?: string | undefined;
  /** Where temporary bundles are made; default the system's. */
  readonly tmpdir?: string | undefined;
}

/**
 * Unpacks an image into a bundle of mode 0700, runs it on the host's network with an OCI runtime, standard streams and
 * signals passed through, and gives the status of its process. A way to try an image, not a container engine: no
 * network, resource limits or restarts of its own. KEY_MISMATCH before anything is written when a layer does not open;
 * UNSUPPORTED when there is no runtime; else what {@link writeBundle} throws.
 */
export async function runImage(source: ImageSource, options: RunOptions = {}): Promise<number> {
  const runtime = options.runtime ?? (await findRuntime());
  const place = await bundlePlace(options);
  try {
    const mounts = [...hostFiles(), ...(options.mounts ?? [])];
    const settings = { ...options, network: "host" as const, mounts, temporary: options.keep === undefined };
    await writeBundle(source, place.directory, settings);
    return await runBundle(runtime, place.directory, options.signal);
  } finally {
    await place.remove();
  }
}

async function findRuntime(): Promise<string> {
  // Debian keeps runc where only root looks.
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const name of ["runc", "crun"]) {
    for (const directory of directories.filter((candidate) => candidate !== "")) {
      const path = join(directory, name);
      if (await isExecutable(path)) return path;
    }
  }
  throw new OciEncError("UNSUPPORTED", "there is neither runc nor crun on this machine", {
    hint: "install one of them, or name another OCI runtime with --runtime PATH",
  });
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, fileConstants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: then it is no choice.
    return false;
  }
}

async function bundlePlace(options: RunOptions): Promise<{ readonly directory: string; remove(): Promise<void> }> {
  if (options.keep !== undefined) return { directory: options.keep, async remove() {} };
  return await makeTemporaryTree(options.tmpdir ?? systemTmpdir(), "run", options.progress);
}

/** So that names can be looked up on the host's network. */
function hostFiles(): readonly Mount[] {
  return ["/etc/resolv.conf", "/etc/hosts"].map((path) => ({
    destination: path,
    type: "bind",
    source: path,
    options: ["bind", "ro", "nosuid", "nodev", "noexec"],
  }));
}

async function runBundle(runtime: string, bundle: string, signal: AbortSignal | undefined): Promise<number> {
  const id = `oci-enc-${randomBytes(8).toString("hex")}`;
  const env = childEnvironment({ kind: "runtime", program: runtime });
  const args = ["--root", join(bundle, "state"), "run", "--bundle", bundle, id];
  const child = spawn(runtime, args, { stdio: "inherit", env });
  const forward = () => child.kill(signalToForward(signal));
  signal?.addEventListener("abort", forward, { once: true });
  if (signal?.aborted) forward();
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, name) => resolve(code ?? 128 + (name === null ? 0 : constants.signals[name])));
    });
    if (signal?.aborted && !isInterruption(signal)) throw signal.reason;
    return status;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new OciEncError("UNSUPPORTED", `cannot start the runtime ${JSON.stringify(runtime)}`, { cause: error });
  } finally {
    signal?.removeEventListener("abort", forward);
  }
}

/** A runtime hands these on to the container. For a reason other than a signal there is no waiting. */
function signalToForward(signal: AbortSignal | undefined): NodeJS.Signals {
  const reason: unknown = signal?.reason;
  const name = reason instanceof OciEncError ? reason.context["signal"] : undefined;
  return forwarded.find((known) => known === name) ?? "SIGTERM";
}

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function isInterruption(signal: AbortSignal): boolean {
  return signal.reason instanceof OciEncError && signal.reason.code === "ABORTED";
}
