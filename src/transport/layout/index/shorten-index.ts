import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../../../errors.js";
import type { HeldLock } from "../lock/lock.js";
import { type IndexJson, indexName } from "./index-json.js";

/** What a file system and a disk write as one piece. */
const blockSize = 4096;

/** Bytes within which there is a place where white space may stand. */
const searched = 1024;

/**
 * Takes entries out of a layout's `index.json` where it lies, as the holder of the lock, for a disk that has no room for a new
 * file: white space takes their place, so that all that changes lies in one block and no reader sees half of it. False, and
 * nothing is done, when it does not. LOCAL_IO, CONFLICT.
 */
export async function shortenIndex(
  layout: string,
  { before, after }: { readonly before: IndexJson; readonly after: IndexJson },
  lock: HeldLock,
): Promise<boolean> {
  const change = changeBetween(Buffer.from(before.text, "utf8"), Buffer.from(after.text, "utf8"));
  if (change === undefined) return false;
  await lock.assertHeld();
  const path = join(layout, indexName);
  try {
    const file = await open(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
    try {
      if ((await file.stat()).size !== Buffer.byteLength(before.text, "utf8")) return false;
      await file.write(change.bytes, 0, change.bytes.length, change.at);
      await file.sync();
      return true;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw ioError(error, `cannot write ${JSON.stringify(path)}`);
  }
}

/** The bytes that make `after`, with white space, of `before`. */
function changeBetween(before: Buffer, after: Buffer): { readonly at: number; readonly bytes: Buffer } | undefined {
  const room = before.length - after.length;
  if (room < 0) return undefined;
  let at = 0;
  while (at < after.length && before[at] === after[at]) at += 1;
  let same = 0;
  while (same < after.length - at && before.at(-1 - same) === after.at(-1 - same)) same += 1;
  const meaning = JSON.stringify(JSON.parse(after.toString()));
  // The common end may begin inside a word, where white space would change it.
  for (let rest = same; rest >= Math.max(0, same - searched); rest -= 1) {
    const start = after.length - rest;
    if (rest > 0 && !",]}".includes(String.fromCharCode(after[start] ?? 0))) continue;
    const bytes = Buffer.concat([after.subarray(at, start), Buffer.alloc(room, " ")]);
    const whole = Buffer.concat([after.subarray(0, at), bytes, after.subarray(start)]).toString();
    if (!means(whole, meaning)) continue;
    const last = at + bytes.length - 1;
    return Math.floor(at / blockSize) === Math.floor(last / blockSize) ? { at, bytes } : undefined;
  }
  return undefined;
}

function means(text: string, meaning: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === meaning;
  } catch {
    return false;
  }
}
