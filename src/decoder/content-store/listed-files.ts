import { type Dir, lstatSync, opendirSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../../errors.js";
import type { Search, SearchNotes } from "./search.js";

/** A regular file of a content store. */
export interface ListedFile {
  readonly store: string;
  readonly path: string;
  readonly size: number;
  /** When it came, in milliseconds. */
  readonly time: number;
}

/** Entries that are asked for at once: fewer take longer, more have to be waited for. */
const bufferSize = 1024;

/**
 * The regular files of one kind of blob of a store. Of a store that is too large, those are given that were listed in the first half
 * of the time, and `notes` say so: the rest of it is for looking into them.
 */
export function* listedFiles(
  store: string,
  algorithm: string,
  { notes, time }: Pick<Search, "notes" | "time">,
): Generator<ListedFile> {
  const directory = join(store, "blobs", algorithm);
  const listing = orNoted(() => opendirSync(directory, { bufferSize }), store, notes);
  if (listing === undefined) return;
  if (!notes.looked.includes(store)) notes.looked.push(store);
  try {
    for (const name of namesOf(listing, store, notes)) {
      if (time.isHalfOver) {
        notes.gaveUp = true;
        return;
      }
      const path = `${directory}/${name}`;
      const stat = orNoted(() => lstatSync(path, { throwIfNoEntry: false }), store, notes);
      if (stat?.isFile()) yield { store, path, size: stat.size, time: stat.mtimeMs };
    }
  } finally {
    listing.closeSync();
  }
}

/** Without what is no file for certain: the file system may not tell. */
function* namesOf(listing: Dir, store: string, notes: SearchNotes): Generator<string> {
  for (;;) {
    const entry = orNoted(() => listing.readSync(), store, notes);
    if (!entry) return;
    if (!entry.isDirectory() && !entry.isSymbolicLink() && !entry.isFIFO()) yield entry.name;
  }
}

/** Undefined for what is not there, or has gone, and for what cannot be read: that is noted. */
function orNoted<T>(read: () => T, store: string, notes: SearchNotes): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const known = notes.unreadable.some((one) => one.store === store);
    if (code !== "ENOENT" && code !== "ENOTDIR" && !known) notes.unreadable.push({ store, code });
    return undefined;
  }
}
