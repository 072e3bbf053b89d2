import { lstat, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { ioError, OciEncError, systemCode } from "../../errors.js";
import { type ReadOptions, readingFile, readSmallFile } from "../../files/read-file.js";

/** A regular file that lies inside its layout, whatever links lead to it. */
export interface FoundFile {
  /** Without symbolic links. */
  readonly path: string;
  readonly size: number;
  /** Milliseconds since 1970, and no earlier than it came here: copying tools can carry over only one of its times. */
  readonly changed: number;
}

/**
 * Finds `path` below `layout`, which must be a real path. Undefined when nothing is there. CORRUPT when it is anything
 * but a regular file, or a link that leads out of the layout: layouts are untrusted.
 */
export async function findRegular(layout: string, path: string): Promise<FoundFile | undefined> {
  try {
    const real = await realpath(join(layout, path));
    if (!liesInside(layout, real)) throw invalid(layout, path, "is a link that leads out of the layout");
    const stats = await lstat(real);
    if (!stats.isFile()) throw invalid(layout, path, "is not a regular file");
    return { path: real, size: stats.size, changed: Math.max(stats.mtimeMs, stats.ctimeMs) };
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "ELOOP") throw invalid(layout, path, "is a link that leads nowhere");
    throw ioError(error, `cannot look at ${quoted(layout, path)}`);
  }
}

/** Whether a real path is below another. */
export function liesInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** What `findRegular` finds, whole. NOT_FOUND when nothing is there; CORRUPT, unread, when it is larger than `limit`. */
export async function readRegular(layout: string, path: string, limit: number): Promise<Uint8Array> {
  return await readSmallFile(await requireRegular(layout, path), limit, readOptions(layout, path));
}

/** What `findRegular` finds, as a stream from `from` on. It is looked for at the first pull. NOT_FOUND as above. */
export async function* streamRegular(layout: string, path: string, from?: number): AsyncGenerator<Uint8Array> {
  yield* readingFile(await requireRegular(layout, path), readOptions(layout, path), from);
}

async function requireRegular(layout: string, path: string): Promise<string> {
  const file = await findRegular(layout, path);
  if (file) return file.path;
  throw new OciEncError("NOT_FOUND", `${quoted(layout, path)} does not exist`);
}

/** What was found has no links in it; one that is put there afterwards is not followed. */
function readOptions(layout: string, path: string): ReadOptions {
  return { what: quoted(layout, path), followLinks: false };
}

function invalid(layout: string, path: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${quoted(layout, path)} ${why}`);
}

function quoted(layout: string, path: string): string {
  return JSON.stringify(join(layout, path));
}
