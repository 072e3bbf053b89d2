import { open } from "node:fs/promises";
import { tmpdir as systemTmpdir } from "node:os";
import { join } from "node:path";
import { ioError } from "../errors.js";
import { type RegularFile, regularFile } from "./read-file.js";
import { makeTemporaryTree, type TemporaryTree } from "./temporary-tree.js";
import { type WritableFile, writableFile } from "./write-file.js";

/** A file without a name, gone when it is disposed of and when the process dies. */
export interface ScratchFile extends WritableFile, AsyncDisposable {
  /** What has been written, for reading. Disposing of either closes the one file that both are. */
  reading(what: string): Promise<RegularFile>;
}

/**
 * Opens a file of mode 0600 in a new directory of mode 0700 under `tmpdir`, by default the system's, and takes its name
 * away at once; on Windows, which does not allow that, when it is disposed of. LOCAL_IO.
 */
export async function openScratch(tmpdir: string | undefined): Promise<ScratchFile> {
  const parent = tmpdir ?? systemTmpdir();
  let tree: TemporaryTree | undefined;
  try {
    tree = await makeTemporaryTree(parent, "scratch");
    const { directory, remove } = tree;
    const handle = await open(join(directory, "scratch"), "wx+", 0o600);
    if (process.platform !== "win32") await remove();
    const dispose = async () => {
      await handle.close();
      if (process.platform === "win32") await remove();
    };
    return {
      ...writableFile(handle, { what: `a scratch file in ${parent}`, durable: false }),
      reading: async (what) => ({ ...(await regularFile(handle, what)), [Symbol.asyncDispose]: dispose }),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await tree?.remove();
    throw ioError(error, `cannot make a scratch file in ${parent}`);
  }
}
