import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError, systemCode } from "../errors.js";
import { syncDirectory } from "./durable-file.js";

/** Makes a directory and those above it, durably. Gives back the topmost that it made; undefined when all were there. */
export async function makeDirectory(path: string, mode = 0o777): Promise<string | undefined> {
  try {
    return await makeOneByOne(path, mode);
  } catch (error) {
    throw ioError(error, `cannot make the directory ${JSON.stringify(path)}`);
  }
}

/** How often a parent that is there again and again, and a moment later is not, is believed to be another command's. */
const maximumTries = 16;

/**
 * Not mkdir's own recursion, which says ENOENT where the disk is full or read-only, and never ends where that is what a
 * parent says that is there: one in /proc, or a removed one that is still open.
 */
async function makeOneByOne(path: string, mode: number, tries = maximumTries): Promise<string | undefined> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return undefined;
    if (code !== "ENOENT" || dirname(path) === path || tries === 0) throw error;
    const above = await makeOneByOne(dirname(path), mode);
    const own = await makeOneByOne(path, mode, tries - 1);
    return above ?? own;
  }
  await syncDirectory(dirname(path));
  return path;
}
