import { ByteReader } from "../bytes/byte-reader.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import type { RegularFile } from "../files/read-file.js";

/** A tar archive read from one header to the next. */
export interface TarFeed {
  /** Exactly `length` bytes; fewer at the end. */
  take(length: number): Promise<Uint8Array>;
  /** Steps over `length` bytes; how many there were. */
  skip(length: number): Promise<number>;
}

/** What is read at once, as headers of small files are near each other and those of layers are not. */
const window = 16_384;

/** A file: what is stepped over is not read. */
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

/** A stream, of which what is stepped over passes. */
export function streamFeed(stream: ByteStream): TarFeed {
  const reader = new ByteReader(stream);
  return {
    take: (length) => reader.take(length),
    async skip(length) {
      let left = length;
      while (left > 0) {
        const passed = (await reader.some(left)).length;
        if (passed === 0) break;
        left -= passed;
      }
      return length - left;
    },
  };
}
