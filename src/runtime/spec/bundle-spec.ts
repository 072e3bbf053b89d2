import { OciEncError } from "../../errors.js";
import { parseImageConfig } from "../../oci/image-config.js";
import type { Progress } from "../../progress.js";
import { type OwnerIds, openOwnership } from "../../unpack/ownership.js";
import { type ImagePaths, imagePaths } from "./image-paths.js";
import { imageAnnotations, imageArguments, imageEnvironment, imageVolumes } from "./image-settings.js";
import type { Mount } from "./mount.js";
import { runtimeSpec } from "./runtime-spec.js";
import { type ContainerUser, resolveUser } from "./user.js";

/** What a caller sets instead of what the image's config says. */
export interface BundleSettings {
  /** Instead of the image's command. */
  readonly command?: readonly string[] | undefined;
  /** `NAME=VALUE`; replaces variables of the image with the same names. */
  readonly environment?: readonly string[] | undefined;
  readonly workingDirectory?: string | undefined;
  readonly user?: string | undefined;
  readonly mounts?: readonly Mount[] | undefined;
  readonly readOnly?: boolean | undefined;
  readonly terminal?: boolean | undefined;
  /** Default `own`: only loopback. */
  readonly network?: "own" | "host" | undefined;
}

/** What oci-enc itself sets. */
export interface SpecSettings extends BundleSettings {
  /** The ids of the container's user namespace; undefined: it has none. */
  readonly ids: OwnerIds | undefined;
  /** Files of this machine to mount over the image's, unless those are links into the kernel's directories. */
  readonly hostFiles?: readonly string[];
  /** No annotations from the image. */
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

/** A container has only the ids of its user namespace. */
function requireMapped({ uid, gid, additionalGids }: ContainerUser, ids: OwnerIds | undefined): void {
  if (ids === undefined) return;
  // With only one group, additional groups are left out of the spec.
  const groups = ids.groups.count === 1 ? [gid] : [gid, ...additionalGids];
  if (uid < ids.users.count && groups.every((group) => group < ids.groups.count)) return;
  throw new OciEncError(
    "USAGE",
    `the user ${uid}, or one of its groups, is not among the container's ${ids.users.count} ids`,
    {
      hint:
        ids.users.count === 1 ? "without root a container has only one user: --user 0" : "choose another with --user",
    },
  );
}

/** A runtime would cut such a text at the zero byte. */
function requireTexts(texts: readonly string[]): void {
  if (!texts.some((text) => text.includes("\0"))) return;
  throw new OciEncError("CORRUPT", "an argument or a variable of the container holds a zero byte");
}

/** The program must not be reached through /proc, where the runtime's own open files are. */
function requireProgram(program: string, { workingDirectory, environment, paths }: ProgramSearch): void {
  if (program.includes("/")) {
    paths.follow(program.startsWith("/") ? program : `${workingDirectory}/${program}`, "program");
    return;
  }
  const path = environment.find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  for (const directory of path.split(":").filter((part) => part !== "")) {
    paths.follow(`${directory.startsWith("/") ? "" : `${workingDirectory}/`}${directory}/${program}`, "PATH");
  }
}

interface ProgramSearch {
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
