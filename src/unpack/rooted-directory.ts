import { lchownSync, mkdirSync } from "node:fs";
import { ioError } from "../errors.js";
import type { Ownership } from "./ownership.js";
import { type ReadableTree, resolveDirectory } from "./path-resolver.js";
import { pathBelow } from "./safe-open.js";

/** The tree at `root`, how it is read, and the owners of what is made in it. */
export interface RootedTree {
  readonly root: string;
  readonly tree: ReadableTree;
  readonly owners: Ownership;
}

/**
 * Makes a directory of an unpacked tree, with those above it that are missing, and returns its place. Links are followed only
 * inside the tree. The tree's root user owns what is made. CORRUPT, LOCAL_IO.
 */
export function makeRootedDirectory({ root, tree, owners }: RootedTree, path: string): string {
  try {
    const parts = Buffer.from(path).toString("latin1").split("/");
    const place = resolveDirectory(tree, parts, {
      make(place) {
        const made = pathBelow(root, place);
        mkdirSync(made, 0o755);
        owners.give({ uid: 0, gid: 0 }, (uid, gid) => lchownSync(made, uid, gid));
      },
    });
    if (place === undefined) throw new Error("a directory was not made");
    return place;
  } catch (error) {
    throw ioError(error, `cannot make ${JSON.stringify(path)} in the image's file system`);
  }
}
