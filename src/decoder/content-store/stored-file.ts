import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

// Whoever can have an image pulled decides what is in a store: no link is followed, and nothing is waited for.
const careful = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The first `length` bytes of a file, fewer if it is shorter. Undefined when it is not a regular file of at most `sizeLimit`
 * bytes, when it cannot be read, and when it has gone: a store changes while it is looked at.
 */
export function readStart(
  path: string,
  length: number,
  sizeLimit: number = Number.MAX_SAFE_INTEGER,
): Buffer | undefined {
  try {
    const descriptor = openSync(path, careful);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile() || stat.size > sizeLimit) return undefined;
      const bytes = Buffer.allocUnsafe(Math.min(length, stat.size));
      let filled = 0;
      while (filled < bytes.length) {
        const count = readSync(descriptor, bytes, filled, bytes.length - filled, filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}
