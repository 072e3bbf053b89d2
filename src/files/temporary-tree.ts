import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError } from "../errors.js";
import type { Progress } from "../progress.js";
import { removeAbandonedDrafts } from "./abandoned-drafts.js";
import { startHeartbeat } from "./heartbeat.js";
import { draftName, treeName } from "./maker-mark.js";
import { removeTree } from "./remove-tree.js";

/** A directory of mode 0700 that is gone with all that is in it when it is disposed of, or after its maker was killed. */
export interface TemporaryTree extends AsyncDisposable {
  readonly directory: string;
  /** The same as disposing of it. LOCAL_IO when something stays. */
  remove(): Promise<void>;
}

/**
 * Makes a directory in `parent`, a place for temporary files, after removing those of killed makers there. Its name says
 * who made it, and it is touched as long as that one lives: so any later command can tell, of whatever pid namespace.
 * `purpose` is lower-case letters. LOCAL_IO.
 */
export async function makeTemporaryTree(parent: string, purpose: string, progress?: Progress): Promise<TemporaryTree> {
  await removeAbandonedDrafts(parent, progress);
  const name = await treeName(purpose);
  return await make(parent, name).catch((error: unknown) => {
    const cause = error instanceof OciEncError ? error : ioError(error, "cannot make a directory");
    // NOT_FOUND would be about the input, which this directory is not.
    throw new OciEncError("LOCAL_IO", cause.message, { cause: cause.cause, hint: tmpdirHint });
  });
}

const tmpdirHint = "name a directory that is there, and has room, with --tmpdir or the variable TMPDIR";

/** The same for a tree that is moved to its final place in `parent` once it is whole; other commands ignore it. */
export async function makeDraftTree(parent: string, progress?: Progress): Promise<TemporaryTree> {
  await removeAbandonedDrafts(parent, progress);
  return await make(parent, await draftName());
}

async function make(parent: string, name: string): Promise<TemporaryTree> {
  const directory = join(parent, name);
  await mkdir(directory, { mode: 0o700 }).catch((error: unknown) => {
    throw ioError(error, `cannot make a directory in ${JSON.stringify(parent)}`);
  });
  const rest = startHeartbeat(directory);
  const remove = async () => {
    await removeTree(directory);
    rest();
  };
  return { directory, remove, [Symbol.asyncDispose]: remove };
}
