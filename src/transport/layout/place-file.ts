import { mkdir, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError, systemCode } from "../../errors.js";
import { createDraft, syncDirectory } from "../files/durable-file.js";
import type { HeldLock } from "./lock.js";

/** Writes one of a layout's own files whole and durably, as the holder of its lock. LOCAL_IO, CONFLICT. */
export async function placeFile(path: string, text: string, lock: HeldLock): Promise<void> {
  await using draft = await createDraft(lock.scratch);
  await draft.write(Buffer.from(text), 0);
  await lock.assertHeld();
  await draft.publish(path);
  await syncDirectory(dirname(path));
}

/** Gives a file that is on the disk already its final name; what had that is replaced in the same instant. LOCAL_IO. */
export async function moveIntoPlace(from: string, path: string): Promise<void> {
  try {
    await rename(from, path);
  } catch (error) {
    throw ioError(error, `cannot put ${JSON.stringify(path)} in its place`);
  }
}

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
