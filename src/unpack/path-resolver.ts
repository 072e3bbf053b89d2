import { posix } from "node:path";
import { OciEncError } from "../errors.js";
import { shownName } from "../tar/tar-member.js";
import type { FileTree } from "./file-tree.js";

/** The longest path, and the longest name in it, that Linux allows. */
const pathLimit = 4096;
const nameLimit = 255;

/** Links that are followed for one path. */
const linkLimit = 255;

/**
 * The parts of a member's name, as if the tree were the root directory: absolute names start there, and `..` does not lead
 * out. CORRUPT for a name that no file system can store.
 */
export function pathParts(name: string): readonly string[] {
  if (name.includes("\0")) throw invalidName(name, "holds a zero byte");
  if (name.length > pathLimit) throw invalidName(name, `is longer than ${pathLimit} bytes`);
  const parts = posix
    .normalize(`/${name}`)
    .split("/")
    .filter((part) => part !== "");
  if (parts.some((part) => part.length > nameLimit))
    throw invalidName(name, `has a part of more than ${nameLimit} bytes`);
  return parts;
}

/** The place of a name in a directory. A place is a resolved path: see {@link FileTree}. */
export function childPath(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

/** The directory of a place; the root is its own. */
export function parentPath(place: string): string {
  return place.slice(0, Math.max(place.lastIndexOf("/"), 0));
}

/** What it takes to resolve paths in a tree. */
export type ReadableTree = Pick<FileTree, "kindOf" | "readLink">;

/** How to resolve. */
export interface WalkOptions {
  /** Makes a directory that is missing; undefined: a path through it has no place. */
  readonly make?: ((place: string) => void) | undefined;
}

/**
 * The place of the directory at a path, with symbolic links resolved inside the tree. Undefined when it does not exist. When
 * missing directories are made: CORRUPT for a part that exists and is not a directory. CORRUPT for links without end.
 */
export function resolveDirectory(
  tree: ReadableTree,
  parts: readonly string[],
  options: WalkOptions = {},
): string | undefined {
  const ahead = parts.toReversed();
  let at: string | undefined = "";
  let links = 0;
  for (let part = ahead.pop(); part !== undefined && at !== undefined; part = ahead.pop()) {
    const step = stepTo(tree, at, part);
    if (step.kind !== "symlink") {
      at = enterDirectory(step, parts, options);
      continue;
    }
    links += 1;
    if (links > linkLimit) throw invalidName(parts.join("/"), `leads through more than ${linkLimit} links`);
    if (step.target.startsWith("/")) at = "";
    ahead.push(...step.target.split("/").reverse());
  }
  return at;
}

/** The directory that a step leads to, made if `make` is given. */
function enterDirectory(
  step: Exclude<Step, { readonly kind: "symlink" }>,
  parts: readonly string[],
  { make }: WalkOptions,
): string | undefined {
  if (step.kind === "directory") return step.place;
  if (make === undefined) return undefined;
  if (step.kind === "other")
    throw invalidName(parts.join("/"), `has a part that is not a directory: ${shownName(step.place)}`);
  make(step.place);
  return step.place;
}

/**
 * The place of a path, with all symbolic links resolved, also one at its end. Undefined when a directory on the way is
 * missing; nothing need exist at the place itself. CORRUPT for links without end.
 */
export function resolvePath(tree: ReadableTree, path: readonly string[]): string | undefined {
  let parts = path;
  for (let links = 0; links <= linkLimit; links += 1) {
    const last = parts.at(-1);
    if (last === undefined || last === ".." || last === ".") return resolveDirectory(tree, parts);
    const directory = resolveDirectory(tree, parts.slice(0, -1));
    if (directory === undefined) return undefined;
    const place = childPath(directory, last);
    if (tree.kindOf(place) !== "symlink") return place;
    const target = tree.readLink(place);
    const start = target.startsWith("/") ? [] : directory.split("/");
    parts = [...start, ...target.split("/")].filter((part) => part !== "");
  }
  throw invalidName(path.join("/"), `leads through more than ${linkLimit} links`);
}

/** What the next part of a path is. */
type Step =
  | { readonly kind: "directory" | "other" | "missing"; readonly place: string }
  | { readonly kind: "symlink"; readonly target: string };

function stepTo(tree: ReadableTree, at: string, part: string): Step {
  if (part === "" || part === ".") return { kind: "directory", place: at };
  if (part === "..") return { kind: "directory", place: parentPath(at) };
  const place = childPath(at, part);
  if (place.length > pathLimit) throw invalidName(place, "leads through links to a path that is too long");
  const kind = tree.kindOf(place) ?? "missing";
  return kind === "symlink" ? { kind, target: tree.readLink(place) } : { kind, place };
}

function invalidName(name: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `the name ${shownName(name)} in a layer ${why}`);
}
