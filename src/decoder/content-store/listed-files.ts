import { lstatSync, opendirSync } from "node:fs";
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
 * The regular files of one kind of blob of a store, in no order, without those that are larger than `sizeLimit`. Of a store that is too
 * large, those are given that were listed in the first half of the time, and `notes` say so: the rest of it is for looking into them.
 * One plain loop, as its turns are what a search takes its time for: there is one for every blob, and it begins cold.
 */
export function listFiles(
  store: string,
  algorithm: string,
  { notes, time, sizeLimit }: Pick<Search, "notes" | "time"> & { readonly sizeLimit: number },
): readonly ListedFile[] {
  const directory = join(store, "blobs", algorithm);
  const files: ListedFile[] = [];
  const listing = orNoted(() => opendirSync(directory, { bufferSize }), store, notes);
  if (listing === undefined) return files;
  if (!notes.looked.includes(store)) notes.looked.push(store);
  const next = () => orNoted(() => listing.readSync(), store, notes);
  for (let entry = next(); entry; entry = next()) {
    if (time.isHalfOver) {
      notes.gaveUp = true;
      break;
    }
    const path = `${directory}/${entry.name}`;
    try {
      const stat = lstatSync(path, gone);
      if (stat?.isFile() && stat.size <= sizeLimit) files.push({ store, path, size: stat.size, time: stat.mtimeMs });
    } catch (error) {
      note(error, store, notes);
    }
  }
  listing.closeSync();
  return files;
}

/** What has gone meanwhile is no error. */
const gone = { throwIfNoEntry: false } as const;

/** Undefined for what is not there, or has gone, and for what cannot be read: that is noted. */
function orNoted<T>(read: () => T, store: string, notes: SearchNotes): T | undefined {
  try {
    return read();
  } catch (error) {
    note(error, store, notes);
    return undefined;
  }
}

function note(error: unknown, store: string, { unreadable }: SearchNotes): void {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (code === "ENOENT" || code === "ENOTDIR" || unreadable.some((one) => one.store === store)) return;
  unreadable.push({ store, code });
}
