import { lchownSync, mkdirSync } from "node:fs";
import { ioError } from "../errors.js";
import type { Ownership } from "./ownership.js";
import { directoryAt, type PlainTree } from "./path-resolver.js";
import { pathBelow } from "./safe-open.js";

/** The tree at `root`, as it is looked at, and who gets what is made in it: its root user. */
export interface RootedTree {
  readonly root: string;
  readonly tree: PlainTree;
  readonly owners: Ownership;
}

/**
 * Makes a directory of an unpacked tree and what is missing above it, links being followed inside the tree alone, and
 * gives its place. CORRUPT, LOCAL_IO.
 */
export function makeRootedDirectory({ root, tree, owners }: RootedTree, path: string): string {
  try {
    const parts = Buffer.from(path).toString("latin1").split("/");
    const place = directoryAt(tree, parts, {
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
