import type { RegularFile } from "../files/read-file.js";

/** Reads a tar archive from one header to the next. */
export interface TarFeed {
  /** Exactly `length` bytes; fewer at the end. */
  take(length: number): Promise<Uint8Array>;
  /** Skips `length` bytes; returns how many there were. */
  skip(length: number): Promise<number>;
}

/** Bytes read at a time: the headers of small files are near each other. */
const window = 16_384;

/** Reads a file; bytes that are skipped are not read. */
export function fileFeed(file: RegularFile): TarFeed {
  let at = 0;
  let start = 0;
  let bytes: Uint8Array = new Uint8Array();
  const step = (length: number) => {
    const stepped = Math.min(length, file.size - at);
    at += stepped;
    return stepped;
  };
  return {
    async take(length) {
      const from = at;
      const to = from + step(length);
      if (from < start || to > start + bytes.length) {
        bytes = await file.read({ start: from, end: Math.min(file.size, Math.max(to, from + window)) });
        start = from;
      }
      return bytes.subarray(from - start, to - start);
    },
    skip: async (length) => step(length),
  };
}
