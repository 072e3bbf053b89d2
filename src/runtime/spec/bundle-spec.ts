import { OciEncError } from "../../errors.js";
import { parseImageConfig } from "../../oci/image-config.js";
import type { Progress } from "../../progress.js";
import { type OwnerIds, openOwnership } from "../../unpack/ownership.js";
import { type ImagePaths, imagePaths } from "./image-paths.js";
import { imageAnnotations, imageArguments, imageEnvironment, imageVolumes } from "./image-settings.js";
import type { Mount } from "./mount.js";
import { runtimeSpec } from "./runtime-spec.js";
import { type ContainerUser, resolveUser } from "./user.js";

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

/** What the maker of a bundle decides beside that. */
export interface SpecSettings extends BundleSettings {
  /** The ids of the container's user namespace; undefined: it has none. */
  readonly ids: OwnerIds | undefined;
  /** Files of this machine that take the place of the image's, unless the image has a link into the kernel's directories there. */
  readonly hostFiles?: readonly string[];
  /** Nothing of the image is said in annotations. */
  readonly unannotated?: boolean;
  readonly progress?: Progress | undefined;
}

/**
 * The `config.json` for a config and the tree at `rootfs`, in which the working directory and volumes are made. NOT_FOUND for
 * a user that the image lacks; USAGE for one, or a directory, that cannot be; UNSUPPORTED for paths that lead into /proc,
 * /sys or /dev; CORRUPT, LOCAL_IO.
 */
export function bundleSpec(config: Uint8Array, rootfs: string, settings: SpecSettings): object {
  const image = parseImageConfig(config);
  const paths = imagePaths(rootfs, openOwnership(settings.ids));
  const user = resolveUser(rootfs, settings.user ?? image.user);
  requireMapped(user, settings.ids);
  const args = imageArguments(image, settings.command);
  const environment = imageEnvironment(image, settings.environment ?? [], user.home);
  requireTexts([...args, ...environment]);
  const workingDirectory = directoryFor(settings.workingDirectory ?? (image.workingDirectory || "/"), paths);
  requireProgram(args[0] ?? "", { workingDirectory, environment, paths });
  return runtimeSpec({
    args,
    environment,
    workingDirectory,
    user,
    terminal: settings.terminal ?? false,
    readOnly: settings.readOnly ?? false,
    mounts: [
      ...imageVolumes(image, paths, settings.progress),
      ...(settings.hostFiles ?? []).flatMap((path) => hostFile(path, paths)),
      ...(settings.mounts ?? []),
    ],
    annotations: settings.unannotated ? {} : imageAnnotations(image),
    network: settings.network ?? "own",
    ids: settings.ids,
  });
}

function directoryFor(path: string, paths: ImagePaths): string {
  if (path.startsWith("/")) return paths.directory(path, "working directory");
  throw new OciEncError("USAGE", `the working directory ${JSON.stringify(path.slice(0, 300))} is not absolute`);
}

/** A container has the ids of its user namespace, and no others. */
function requireMapped({ uid, gid, additionalGids }: ContainerUser, ids: OwnerIds | undefined): void {
  if (ids === undefined) return;
  // With one group alone, others are not asked for.
  const groups = ids.groups.count === 1 ? [gid] : [gid, ...additionalGids];
  if (uid < ids.users.count && groups.every((group) => group < ids.groups.count)) return;
  throw new OciEncError(
    "USAGE",
    `the user ${uid}, or a group of it, is none of the container's ${ids.users.count} ids`,
    {
      hint:
        ids.users.count === 1 ? "without root a container has one user alone: --user 0" : "choose another with --user",
    },
  );
}

/** A runtime would cut such a text, or worse. */
function requireTexts(texts: readonly string[]): void {
  if (!texts.some((text) => text.includes("\0"))) return;
  throw new OciEncError("CORRUPT", "an argument or a variable of the container holds a zero byte");
}

/** What is to be run must not be reached by way of what the runtime itself has open. */
function requireProgram(program: string, { workingDirectory, environment, paths }: ProgramPlace): void {
  if (program.includes("/")) {
    paths.follow(program.startsWith("/") ? program : `${workingDirectory}/${program}`, "program");
    return;
  }
  const path = environment.find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  for (const directory of path.split(":").filter((part) => part !== "")) {
    paths.follow(`${directory.startsWith("/") ? "" : `${workingDirectory}/`}${directory}/${program}`, "PATH");
  }
}

interface ProgramPlace {
  readonly workingDirectory: string;
  readonly environment: readonly string[];
  readonly paths: ImagePaths;
}

function hostFile(path: string, paths: ImagePaths): readonly Mount[] {
  try {
    const destination = paths.follow(path, "file") ?? path;
    return [{ destination, type: "bind", source: path, options: ["bind", "ro", "nosuid", "nodev", "noexec"] }];
  } catch (error) {
    if (error instanceof OciEncError && error.code === "UNSUPPORTED") return [];
    throw error;
  }
}
