import { posix } from "node:path";
import { OciEncError } from "../errors.js";
import type { FileTree } from "./file-tree.js";
import { shownName } from "./tar-member.js";

/** Linux allows no longer path, and no longer name in it. */
const pathLimit = 4096;
const nameLimit = 255;

/** Links that are followed for one path. */
const linkLimit = 255;

/**
 * A member's name as parts below the root, as if by chroot: what is absolute starts there, and `..` does not lead out.
 * CORRUPT for a name that no system would store.
 */
export function partsOf(name: string): readonly string[] {
  if (name.includes("\0")) throw unsound(name, "holds a zero byte");
  if (name.length > pathLimit) throw unsound(name, `is longer than ${pathLimit} bytes`);
  const parts = posix
    .normalize(`/${name}`)
    .split("/")
    .filter((part) => part !== "");
  if (parts.some((part) => part.length > nameLimit)) throw unsound(name, `has a part of more than ${nameLimit} bytes`);
  return parts;
}

/** A place in a directory. */
export function placeIn(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

/** The directory that a place is in; the root's is the root. */
export function parentOf(place: string): string {
  return place.slice(0, Math.max(place.lastIndexOf("/"), 0));
}

/** How to walk. */
export interface WalkOptions {
  /** Called for a directory that is missing, and makes it; undefined: then there is no such place. */
  readonly make?: ((place: string) => void) | undefined;
}

/**
 * Follows parts to a directory, symbolic links on the way being resolved inside the tree. Undefined when there is no
 * such directory; where missing ones are made, CORRUPT for a part that is there and no directory. CORRUPT for links
 * without end.
 */
export function directoryAt(tree: FileTree, parts: readonly string[], options: WalkOptions = {}): string | undefined {
  const ahead = parts.toReversed();
  let at = "";
  let links = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      at = parentOf(at);
      continue;
    }
    const next = placeIn(at, part);
    if (next.length > pathLimit) throw unsound(next, "leads through links to a path that is too long");
    const kind = tree.kindOf(next);
    if (kind === "symlink") {
      links += 1;
      if (links > linkLimit) throw unsound(parts.join("/"), `leads through more than ${linkLimit} links`);
      const target = tree.readLink(next);
      if (target.startsWith("/")) at = "";
      ahead.push(...target.split("/").reverse());
      continue;
    }
    if (kind !== "directory" && !options.make) return undefined;
    if (kind === "other") throw unsound(parts.join("/"), `has a part that is no directory: ${shownName(next)}`);
    if (kind === undefined) options.make?.(next);
    at = next;
  }
  return at;
}

function unsound(name: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `the name ${shownName(name)} in a layer ${why}`);
}
