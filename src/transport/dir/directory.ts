import { lstat, readdir, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError, systemCode } from "../../errors.js";

/** What is in a directory; undefined when there is none. */
export async function lookInto(directory: string): Promise<readonly string[] | undefined> {
  return await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError(error, `cannot look into ${directory}`);
  });
}

/** Whether a regular file is there. */
export async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() ?? false;
}

/** Removes empty directories that were made for nothing, up to `topmost`; stops at one that is in use by now. */
export async function removeWhileEmpty(innermost: string, topmost: string): Promise<void> {
  try {
    for (let path = innermost; path.length >= topmost.length; path = dirname(path)) await rmdir(path);
  } catch (error) {
    if (systemCode(error) !== "ENOTEMPTY") throw ioError(error, `cannot remove ${innermost}`);
  }
}
