import { rename } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError } from "../../../errors.js";
import { createDraft, syncDirectory } from "../../../files/durable-file.js";
import type { HeldLock } from "./lock.js";

/** Writes one of a layout's own files whole and durably, as the holder of its lock. LOCAL_IO, CONFLICT. */
export async function writeAtomically(path: string, text: string, lock: HeldLock): Promise<void> {
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
