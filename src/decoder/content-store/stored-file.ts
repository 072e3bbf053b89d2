import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

// Whoever can have an image pulled decides what is in a store: no link is followed, and nothing is waited for.
const careful = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The first bytes of a file, as many as `into` takes, of which they become a part; fewer if the file is shorter. Undefined when it is not a regular file
 * of at most `sizeLimit` bytes, when it cannot be read, and when it has gone: a store changes while it is looked at.
 */
export function readStart(path: string, into: Buffer, sizeLimit: number = Number.MAX_SAFE_INTEGER): Buffer | undefined {
  try {
    const descriptor = openSync(path, careful);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile() || stat.size > sizeLimit) return undefined;
      const wanted = Math.min(into.length, stat.size);
      let filled = 0;
      while (filled < wanted) {
        const count = readSync(descriptor, into, filled, wanted - filled, filled);
        if (count === 0) break;
        filled += count;
      }
      return into.subarray(0, filled);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}
