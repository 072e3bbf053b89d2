import { gzipSync } from "node:zlib";

/** `count` MiB of zeros as one gzip file: of members that are the same, so that a gigabyte costs nothing to make. */
export function zerosGzip(count: number): Buffer {
  const one = gzipSync(Buffer.alloc(2 ** 20), { level: 9 });
  return Buffer.concat(Array.from({ length: count }, () => one));
}
