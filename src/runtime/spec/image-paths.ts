import { OciEncError } from "../../errors.js";
import type { Ownership } from "../../unpack/ownership.js";
import { followedPlace, type PlainTree } from "../../unpack/path-resolver.js";
import { makeRootedDirectory } from "../../unpack/rooted-directory.js";
import { treeOnDisk } from "../../unpack/safe-open.js";

/** The directories of a container that are the kernel's: what an image says leads neither into them nor through them. */
const kernels = ["proc", "sys", "dev"] as const;

/** Paths that an image, or its links, decide, followed in the unpacked tree. */
export interface ImagePaths {
  /**
   * Makes a directory where it is missing, and gives its path without links. UNSUPPORTED when the way leads through /proc,
   * /sys or /dev; CORRUPT, LOCAL_IO.
   */
  directory(path: string, what: string): string;
  /** The path without links of what may be there or not; undefined: a directory on the way is missing. Throws alike. */
  follow(path: string, what: string): string | undefined;
}

/**
 * The tree at `root`, in which new directories belong to its root user. UNSUPPORTED when something else than a directory is
 * at /proc, /sys or /dev, as the runtime would mount there what it means for them.
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
      const place = followedPlace(
        guarded(plain, path, what),
        parts.filter((part) => part !== ""),
      );
      return place === undefined ? undefined : shown(place);
    },
  };
}

/** A tree of which nobody may ask what is in the kernel's directories. */
function guarded(tree: PlainTree, path: string, what: string): PlainTree {
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
    hint: "an image that is sound has no such thing; it may be made to get out of its container",
  });
}

function bytesOf(path: string): string {
  return Buffer.from(path).toString("latin1");
}

function shown(place: string): string {
  return `/${Buffer.from(place, "latin1").toString("utf8")}`;
}
