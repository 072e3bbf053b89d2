import { posix } from "node:path";
import { OciEncError } from "../errors.js";
import { shownName } from "../tar/tar-member.js";
import type { FileTree } from "./file-tree.js";

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

/** What of a tree it takes to find a place in it. */
export type PlainTree = Pick<FileTree, "kindOf" | "readLink">;

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
export function directoryAt(tree: PlainTree, parts: readonly string[], options: WalkOptions = {}): string | undefined {
  const ahead = parts.toReversed();
  let at: string | undefined = "";
  let links = 0;
  for (let part = ahead.pop(); part !== undefined && at !== undefined; part = ahead.pop()) {
    const step = stepTo(tree, at, part);
    if (step.kind !== "symlink") {
      at = entered(step, parts, options);
      continue;
    }
    links += 1;
    if (links > linkLimit) throw unsound(parts.join("/"), `leads through more than ${linkLimit} links`);
    if (step.target.startsWith("/")) at = "";
    ahead.push(...step.target.split("/").reverse());
  }
  return at;
}

/** The directory that a step leads to, made where it is missing and that is wanted. */
function entered(
  step: Exclude<Step, { readonly kind: "symlink" }>,
  parts: readonly string[],
  { make }: WalkOptions,
): string | undefined {
  if (step.kind === "directory") return step.place;
  if (make === undefined) return undefined;
  if (step.kind === "other")
    throw unsound(parts.join("/"), `has a part that is no directory: ${shownName(step.place)}`);
  make(step.place);
  return step.place;
}

/**
 * The place that a path means, a symbolic link at its end followed too. Undefined when a directory on the way is missing;
 * there may be nothing at the place itself. CORRUPT for links without end.
 */
export function followedPlace(tree: PlainTree, path: readonly string[]): string | undefined {
  let parts = path;
  for (let links = 0; links <= linkLimit; links += 1) {
    const last = parts.at(-1);
    if (last === undefined || last === ".." || last === ".") return directoryAt(tree, parts);
    const directory = directoryAt(tree, parts.slice(0, -1));
    if (directory === undefined) return undefined;
    const place = placeIn(directory, last);
    if (tree.kindOf(place) !== "symlink") return place;
    const target = tree.readLink(place);
    const start = target.startsWith("/") ? [] : directory.split("/");
    parts = [...start, ...target.split("/")].filter((part) => part !== "");
  }
  throw unsound(path.join("/"), `leads through more than ${linkLimit} links`);
}

/** What is found one part further. */
type Step =
  | { readonly kind: "directory" | "other" | "missing"; readonly place: string }
  | { readonly kind: "symlink"; readonly target: string };

function stepTo(tree: PlainTree, at: string, part: string): Step {
  if (part === "" || part === ".") return { kind: "directory", place: at };
  if (part === "..") return { kind: "directory", place: parentOf(at) };
  const place = placeIn(at, part);
  if (place.length > pathLimit) throw unsound(place, "leads through links to a path that is too long");
  const kind = tree.kindOf(place) ?? "missing";
  return kind === "symlink" ? { kind, target: tree.readLink(place) } : { kind, place };
}

function unsound(name: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `the name ${shownName(name)} in a layer ${why}`);
}
