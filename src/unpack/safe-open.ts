import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { ioError, OciEncError } from "../errors.js";
import { pathParts, type ReadableTree, resolvePath } from "./path-resolver.js";

/**
 * Reads a small file of an unpacked tree; links are followed only inside the tree. Undefined when there is no regular file at
 * the path. CORRUPT when it has more than `limit` bytes; LOCAL_IO.
 */
export function readInside(root: string, path: string, limit: number): Uint8Array | undefined {
  const place = resolvePath(treeOnDisk(root), pathParts(Buffer.from(path).toString("latin1")));
  if (place === undefined || lstatSync(pathBelow(root, place), { throwIfNoEntry: false })?.isFile() !== true)
    return undefined;
  try {
    const file = openSync(pathBelow(root, place), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = fstatSync(file);
      if (size > limit) throw new OciEncError("CORRUPT", `${JSON.stringify(path)} in the image has ${size} bytes`);
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw ioError(error, `cannot read ${JSON.stringify(path)} of the image`);
  }
}

/** An unpacked tree on disk, for reading. */
export function treeOnDisk(root: string): ReadableTree {
  return {
    kindOf(place) {
      const stat = lstatSync(pathBelow(root, place), { throwIfNoEntry: false });
      if (stat === undefined) return undefined;
      if (stat.isDirectory()) return "directory";
      return stat.isSymbolicLink() ? "symlink" : "other";
    },
    readLink: (place) => readlinkSync(pathBelow(root, place), "buffer").toString("latin1"),
  };
}

/** The path of a place below `root`. */
export function pathBelow(root: string, place: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(place, "latin1")]);
}
