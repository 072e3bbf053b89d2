import { chmod, lstat, mkdir, readdir, rename, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ioError, OciEncError, systemCode } from "../errors.js";
import { removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import { parseMadeName } from "../files/maker-mark.js";
import { removeTree } from "../files/remove-tree.js";
import { makeDraftTree, type TemporaryTree } from "../files/temporary-tree.js";
import type { Progress } from "../progress.js";
import { entryOf, noteMoving, takeBackMoved } from "./moved-entries.js";

/** A directory to be filled, and how it becomes the final one. */
export interface Destination {
  /** The directory to fill, closed to others. */
  readonly root: string;
  /** Moves what was filled to its final names. `attribute` sets the attributes of a directory that existed before. */
  finish(attribute: (path: string) => Promise<void>): Promise<void>;
  /** Removes what was made. */
  abandon(): Promise<void>;
}

/** How to open a destination. */
export interface DestinationOptions {
  /** Fill a directory that is not empty; a failure then leaves files behind. */
  readonly force: boolean;
  /** Close a directory that is not empty to other users before the first file is made. */
  readonly close: boolean;
  /** The names that will be made: a directory without them counts as empty. */
  readonly names?: readonly string[];
  readonly progress: Progress | undefined;
}

/**
 * Prepares a directory for being filled. Until it is complete, the tree is a draft: beside the directory if that does not exist
 * yet, else inside it; the next process removes a draft that was left behind: see `makeDraftTree`. CONFLICT for a directory
 * that is not empty, without `force`; NOT_FOUND, LOCAL_IO.
 */
export async function openDestination(root: string, options: DestinationOptions): Promise<Destination> {
  try {
    if (!(await isThere(root))) return await newDirectory(root, options.progress);
    await takeBackMoved(root);
    // Beside other things a name may be the image's own.
    if ((await readdir(root)).every((name) => parseMadeName(name))) await removeAbandonedDrafts(root, options.progress);
    if (await isFree(root, options.names)) return await emptyDirectory(root, options.progress);
    if (options.force) return await filledDirectory(root, options.close);
  } catch (error) {
    throw ioError(error, `cannot unpack into ${JSON.stringify(root)}`);
  }
  throw new OciEncError("CONFLICT", `${JSON.stringify(root)} is not empty`, {
    hint: "unpack into a new directory, or add --force to fill this one",
  });
}

async function newDirectory(root: string, progress: Progress | undefined): Promise<Destination> {
  const parent = dirname(root);
  if (!(await stat(parent)).isDirectory())
    throw new OciEncError("LOCAL_IO", `${JSON.stringify(parent)} is not a directory`);
  const draft = await makeDraftTree(parent, progress);
  const tree = await makeInside(draft);
  return {
    root: tree,
    async finish() {
      if (await isThere(root))
        throw new OciEncError("CONFLICT", `${JSON.stringify(root)} was made by another process meanwhile`);
      await move(tree, root);
      await draft.remove();
    },
    abandon: draft.remove,
  };
}

async function emptyDirectory(root: string, progress: Progress | undefined): Promise<Destination> {
  const draft = await makeDraftTree(root, progress);
  const tree = await makeInside(draft);
  const moved: Buffer[] = [];
  return {
    root: tree,
    async finish(attribute) {
      await chmod(tree, 0o700);
      await noteMoving(draft.directory, tree);
      for (const name of (await readdir(tree, "buffer")).sort(Buffer.compare)) {
        await move(entryOf(tree, name), entryOf(root, name));
        moved.push(entryOf(root, name));
      }
      // What was noted goes last.
      await removeTree(tree);
      await draft.remove();
      await attribute(root);
    },
    async abandon() {
      for (const path of moved) await removeTree(path);
      await draft.remove();
    },
  };
}

/** Existing files may have been replaced, so only the mode can be restored. */
async function filledDirectory(root: string, close: boolean): Promise<Destination> {
  const { mode } = await stat(root);
  if (close) await chmod(root, 0o700);
  return { root, finish: async () => {}, abandon: () => chmod(root, mode & 0o7777) };
}

/** The draft directory stays closed to others, whatever mode the tree in it gets. */
async function makeInside(draft: TemporaryTree): Promise<string> {
  const tree = join(draft.directory, "tree");
  await mkdir(tree, { mode: 0o700 });
  return tree;
}

/** Without root, a directory can be moved only if it is writable. */
async function move(from: string | Buffer, to: string | Buffer): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const stats = await lstat(from);
    if (systemCode(error) !== "EACCES" || !stats.isDirectory()) throw ioError(error, `cannot make ${quoted(to)}`);
    await chmod(from, 0o700);
    await rename(from, to);
    await chmod(to, stats.mode & 0o7777);
  }
}

function quoted(path: string | Buffer): string {
  return JSON.stringify(basename(path.toString()));
}

/** Whether the directory is empty, or has nothing but empty directories at the names that will be made. */
async function isFree(root: string, names: readonly string[] | undefined): Promise<boolean> {
  if (names === undefined) return (await readdir(root)).length === 0;
  for (const path of names.map((name) => join(root, name))) {
    if (!(await isThere(path))) continue;
    if (!(await lstat(path)).isDirectory() || (await readdir(path)).length > 0) return false;
  }
  return true;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}
