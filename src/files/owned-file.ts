import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError, OciEncError } from "../errors.js";

/** What is read, and how much of it. */
export interface OwnedFileOptions {
  /** For messages: `the configuration file`. */
  readonly what: string;
  /** Bytes. */
  readonly limit: number;
}

/**
 * Reads a regular file that this user and root alone could have written or put there. USAGE when others could have, when it
 * is something else or too large; NOT_FOUND and LOCAL_IO as the system says. The content is never quoted.
 */
export async function readOwnedFile(path: string, { what, limit }: OwnedFileOptions): Promise<Uint8Array> {
  const named = `${what} ${JSON.stringify(path)}`;
  try {
    // Without O_NONBLOCK, opening a pipe without a writer would wait for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return await readSafely(file, { path, named, limit });
  } catch (error) {
    throw ioError(error, `cannot read ${named}`);
  }
}

interface Asked {
  readonly path: string;
  readonly named: string;
  readonly limit: number;
}

async function readSafely(file: FileHandle, { path, named, limit }: Asked): Promise<Uint8Array> {
  const found = await file.stat();
  if (!found.isFile()) throw unusable(named, "it is not a regular file");
  if (found.size > limit) throw unusable(named, `it has more than ${limit} bytes`);
  refuseForeign(found, { path, what: "it", named });
  const real = await realpath(path);
  for (const directory of new Set([dirname(path), dirname(real)])) {
    const what = `its directory ${JSON.stringify(directory)}`;
    refuseForeign(await stat(directory), { path: directory, what, named });
  }
  const bytes = Buffer.alloc(found.size);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  return bytes.subarray(0, bytesRead);
}

/** What is looked at, and for which file. */
interface Looked {
  readonly path: string;
  readonly what: string;
  readonly named: string;
}

function refuseForeign(found: Stats, { path, what, named }: Looked): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  const quoted = JSON.stringify(path);
  if (found.uid !== user && found.uid !== 0) {
    throw unusable(named, `${what} belongs to another user`, `chown ${user} ${quoted}`);
  }
  // In a directory with the sticky bit, nobody replaces what another one has made.
  const others = found.isDirectory() && (found.mode & 0o1000) !== 0 ? 0 : found.mode & 0o022;
  if (others !== 0) throw unusable(named, `${what} can be written by others than its owner`, `chmod go-w ${quoted}`);
}

/** The content is not quoted: it may be a key that was taken for the file. */
function unusable(named: string, why: string, hint?: string): OciEncError {
  return new OciEncError("USAGE", `${named} cannot be used: ${why}`, { hint });
}
