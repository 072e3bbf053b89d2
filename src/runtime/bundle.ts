import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getegid, geteuid } from "node:process";
import { ioError, OciEncError } from "../errors.js";
import { type ImageConfig, parseImageConfig } from "../oci/image-config.js";
import type { ImageSource } from "../transport/transport.js";
import { makeRootedDirectory } from "../unpack/rooted-directory.js";
import { type Unpacked, type UnpackOptions, unpack } from "../unpack/unpack.js";
import { type Mount, runtimeSpec } from "./runtime-spec.js";
import { resolveUser } from "./user.js";

/** What a caller changes about how the image says that it is to be run. */
export interface BundleSettings {
  /** In place of the image's command. */
  readonly command?: readonly string[] | undefined;
  /** `NAME=VALUE`, in place of the image's variables of the same names. */
  readonly environment?: readonly string[] | undefined;
  readonly workingDirectory?: string | undefined;
  readonly user?: string | undefined;
  readonly mounts?: readonly Mount[] | undefined;
  readonly readOnly?: boolean | undefined;
  readonly terminal?: boolean | undefined;
  /** Default `own`: none but loopback. */
  readonly network?: "own" | "host" | undefined;
}

/**
 * Unpacks an image as a bundle of the OCI runtime-spec: `rootfs` and `config.json` in `directory`. Started without root, the
 * container is one of the caller's own. Throws what {@link unpack} throws; NOT_FOUND for a user that the image lacks.
 */
export async function writeBundle(
  source: ImageSource,
  directory: string,
  options: UnpackOptions & BundleSettings = {},
): Promise<Unpacked> {
  await makeBundleDirectory(directory, options.plainMode);
  const rootfs = join(directory, "rootfs");
  const unpacked = await unpack(source, rootfs, { ...options, sheltered: true });
  const spec = bundleSpec(parseImageConfig(unpacked.config), rootfs, options);
  try {
    await writeFile(join(directory, "config.json"), `${JSON.stringify(spec, undefined, 2)}\n`, { flag: "wx" });
    if (unpacked.delicate && options.plainMode !== undefined) await chmod(directory, options.plainMode);
  } catch (error) {
    throw ioError(error, `cannot write a bundle into ${JSON.stringify(directory)}`);
  }
  return { ...unpacked, directory };
}

/**
 * The root of a container has the mode that the image has for it, as its users need that; so it is the bundle's own
 * directory that keeps others from the tree. One that holds something already keeps its mode, and is refused where others
 * could reach it.
 */
async function makeBundleDirectory(directory: string, plainMode: number | undefined): Promise<void> {
  const quoted = JSON.stringify(directory);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [names, { mode }] = [await readdir(directory), await stat(directory)];
    if (names.includes("config.json")) {
      throw new OciEncError("CONFLICT", `${quoted} holds a bundle already`, {
        hint: "a bundle goes into a new directory",
      });
    }
    if (names.length === 0) await chmod(directory, 0o700);
    else if ((mode & 0o077) !== 0 && plainMode === undefined) {
      throw new OciEncError("CONFLICT", `${quoted} is not empty, and others could reach a bundle in it`, {
        hint: "choose a new directory, take its mode down to 0700, or say with --plain-mode that others may",
      });
    }
  } catch (error) {
    throw ioError(error, `cannot write a bundle into ${quoted}`);
  }
}

function bundleSpec(config: ImageConfig, rootfs: string, settings: BundleSettings): object {
  const user = resolveUser(rootfs, settings.user ?? config.user);
  const workingDirectory = settings.workingDirectory ?? (config.workingDirectory || "/");
  if (!workingDirectory.startsWith("/")) {
    throw new OciEncError("USAGE", `the working directory ${JSON.stringify(workingDirectory)} is not absolute`);
  }
  makeRootedDirectory(rootfs, workingDirectory);
  const uid = geteuid?.() ?? 0;
  return runtimeSpec({
    args: argsOf(config, settings.command),
    environment: environmentOf(config, settings, user.home),
    workingDirectory,
    user,
    terminal: settings.terminal ?? false,
    readOnly: settings.readOnly ?? false,
    mounts: [...config.volumes.map(volume), ...(settings.mounts ?? [])],
    annotations: annotationsOf(config),
    network: settings.network ?? "own",
    rootless: uid === 0 ? undefined : { uid, gid: getegid?.() ?? uid },
  });
}

function argsOf({ entrypoint, command }: ImageConfig, given: readonly string[] | undefined): readonly string[] {
  const args = [...entrypoint, ...(given === undefined || given.length === 0 ? command : given)];
  return args.length === 0 ? ["sh"] : args;
}

/** The image's own in their order, what was given after them, and what every process needs where neither has it. */
function environmentOf(config: ImageConfig, settings: BundleSettings, home: string | undefined): readonly string[] {
  const given = settings.environment ?? [];
  const names = new Set(given.map(nameOf));
  const variables = [...config.environment.filter((variable) => !names.has(nameOf(variable))), ...given];
  const known = new Set(variables.map(nameOf));
  const missing = [
    ["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    ["TERM", "xterm"],
    ["HOME", home ?? "/"],
  ] as const;
  return [...variables, ...missing.filter(([name]) => !known.has(name)).map(([name, value]) => `${name}=${value}`)];
}

function nameOf(variable: string): string {
  return variable.split("=", 1)[0] ?? "";
}

function volume(destination: string): Mount {
  return { destination, type: "tmpfs", source: "none", options: ["rw", "nosuid", "nodev", "noexec", "relatime"] };
}

/** Image-spec, "conversion to OCI Runtime Configuration": labels win over what is derived. */
function annotationsOf(config: ImageConfig): Record<string, string> {
  const derived = {
    os: config.os,
    architecture: config.architecture,
    variant: config.variant,
    "os.version": config.osVersion,
    "os.features": config.osFeatures.join(","),
    author: config.author,
    created: config.created,
    stopSignal: config.stopSignal,
    exposedPorts: config.ports.join(","),
  };
  const present = Object.entries(derived).filter(([, value]) => value !== "");
  return {
    ...Object.fromEntries(present.map(([name, value]) => [`org.opencontainers.image.${name}`, value])),
    ...config.labels,
  };
}
