import { posix } from "node:path";
import { OciEncError } from "../../errors.js";
import type { ImageConfig } from "../../oci/image-config.js";
import type { Progress } from "../../progress.js";
import type { ImagePaths } from "./image-paths.js";
import type { Mount } from "./mount.js";

/**
 * The annotations of a bundle. Image-spec, "conversion to OCI Runtime Configuration": labels win over what is derived. Only
 * labels with names of the image-spec pass, as some annotations are instructions to the runtime: crun in `run.oci.*`,
 * systemd in `org.systemd.property.*`, Kata in `io.katacontainers.*`.
 */
export function imageAnnotations(config: ImageConfig): Record<string, string> {
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
  const labels = Object.entries(config.labels).filter(([name]) => name.startsWith(imageNames));
  return Object.fromEntries([...present.map(([name, value]) => [`${imageNames}${name}`, value] as const), ...labels]);
}

const imageNames = "org.opencontainers.image.";

/**
 * The image's volumes as empty file systems in memory, at their resolved paths. A path that is not absolute and normalized, or
 * leads to /, /proc, /sys or /dev, is left out, with a warning.
 */
export function imageVolumes(config: ImageConfig, paths: ImagePaths, progress: Progress | undefined): readonly Mount[] {
  return config.volumes.flatMap((volume) => {
    const destination = volumePath(volume, paths);
    if (destination !== undefined) return [tmpfsAt(destination)];
    const quoted = JSON.stringify(volume.slice(0, 300));
    const message = `the image's volume ${quoted} is left out: its path is not absolute and normalized, or leads to /, /proc, /sys or /dev`;
    progress?.({ type: "warning", code: "VOLUME_IGNORED", message });
    return [];
  });
}

function volumePath(volume: string, paths: ImagePaths): string | undefined {
  const path = volume.length > 1 ? volume.replace(/\/$/, "") : volume;
  if (!path.startsWith("/") || path.startsWith("//") || posix.normalize(path) !== path || path.includes("\0"))
    return undefined;
  try {
    const destination = paths.directory(path, "volume");
    return destination === "/" ? undefined : destination;
  } catch (error) {
    if (error instanceof OciEncError && error.code === "UNSUPPORTED") return undefined;
    throw error;
  }
}

function tmpfsAt(destination: string): Mount {
  return { destination, type: "tmpfs", source: "none", options: ["rw", "nosuid", "nodev", "noexec", "relatime"] };
}

/** The image's entrypoint and command, or `given` instead of the command; `sh` if both are empty. */
export function imageArguments(config: ImageConfig, given: readonly string[] | undefined): readonly string[] {
  const args = [...config.entrypoint, ...(given === undefined || given.length === 0 ? config.command : given)];
  return args.length === 0 ? ["sh"] : args;
}

/** The image's variables in their order, then those given, then defaults for PATH, TERM and HOME. */
export function imageEnvironment(
  config: ImageConfig,
  given: readonly string[],
  home: string | undefined,
): readonly string[] {
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
