import { OciEncError } from "../../errors.js";
import type { Ownership } from "../../unpack/ownership.js";
import { type ReadableTree, resolvePath } from "../../unpack/path-resolver.js";
import { makeRootedDirectory } from "../../unpack/rooted-directory.js";
import { treeOnDisk } from "../../unpack/safe-open.js";

/** Directories of a container that belong to the kernel: no path of an image may lead into them. */
const kernels = ["proc", "sys", "dev"] as const;

/** Resolves paths that an image chooses, in the unpacked tree. */
export interface ImagePaths {
  /**
   * Makes a directory if it is missing, and returns its path without links. UNSUPPORTED when the path leads into /proc,
   * /sys or /dev; CORRUPT, LOCAL_IO.
   */
  directory(path: string, what: string): string;
  /** The path without links of a file that need not exist; undefined: a directory on the way is missing. The same errors. */
  follow(path: string, what: string): string | undefined;
}

/**
 * The tree at `root`, in which new directories belong to its root user. UNSUPPORTED when /proc, /sys or /dev is not a
 * directory, as the runtime would mount over what is there instead.
 */
export function imagePaths(root: string, owners: Ownership): ImagePaths {
  const plain = treeOnDisk(root);
  for (const name of kernels) {
    const kind = plain.kindOf(name) ?? "directory";
    if (kind !== "directory") throw unsupported(`/${name} of the image is not a directory`);
  }
  return {
    directory(path, what) {
      const place = makeRootedDirectory({ root, tree: guarded(plain, path, what), owners }, path);
      return shown(place);
    },
    follow(path, what) {
      const parts = bytesOf(path).split("/");
      const place = resolvePath(
        guarded(plain, path, what),
        parts.filter((part) => part !== ""),
      );
      return place === undefined ? undefined : shown(place);
    },
  };
}

/** A tree that refuses to resolve a path into the kernel's directories. */
function guarded(tree: ReadableTree, path: string, what: string): ReadableTree {
  return {
    readLink: (place) => tree.readLink(place),
    kindOf(place) {
      if (kernels.some((name) => place === name || place.startsWith(`${name}/`))) {
        const quoted = JSON.stringify(path.slice(0, 300));
        throw unsupported(`the image's ${what} ${quoted} leads into /${place.split("/", 1)[0]}`);
      }
      return tree.kindOf(place);
    },
  };
}

function unsupported(message: string): OciEncError {
  return new OciEncError("UNSUPPORTED", message, {
    hint: "no ordinary image has this; it may be an attempt to escape from the container",
  });
}

function bytesOf(path: string): string {
  return Buffer.from(path).toString("latin1");
}

function shown(place: string): string {
  return `/${Buffer.from(place, "latin1").toString("utf8")}`;
}
