import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ioError, OciEncError, systemCode } from "../errors.js";
import { removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import { createDraft, syncDirectory } from "../files/durable-file.js";
import { openScratch } from "../files/scratch-file.js";
import type { WritableFile } from "../files/write-file.js";
import type { ArchiveOptions } from "./archive-options.js";
import { standardStream } from "./open-archive.js";

/** The file of a new archive, until it is complete and published. */
export interface ArchiveOutput extends AsyncDisposable {
  readonly file: WritableFile;
  /**
   * Publishes the file's first `length` bytes as the archive. Before that nobody sees any of it. `mode`: the permissions of the
   * file; undefined: those of the file that it replaces, or the default. CONFLICT, LOCAL_IO, ABORTED.
   */
  deliver(length: number, mode: number | undefined): Promise<void>;
}

/** How to open an output. */
export interface OutputOptions extends ArchiveOptions {
  /** Whether an existing file may be replaced. */
  readonly replace: boolean;
}

/** The path with every link resolved, so that a file has the same name before and after it exists. */
export async function realFile(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw ioError(error, `cannot look at ${absolute}`);
    const directory = await realpath(dirname(absolute)).catch(() => dirname(absolute));
    return join(directory, basename(absolute));
  }
}

/**
 * Opens a file beside `path`, or a nameless one for standard output. CONFLICT when there is something at `path` that may
 * not be replaced; USAGE when standard output is a terminal; NOT_FOUND, LOCAL_IO.
 */
export async function openOutput(path: string, options: OutputOptions): Promise<ArchiveOutput> {
  return path === standardStream ? await standardOutput(options) : await fileOutput(path, options);
}

async function fileOutput(path: string, options: OutputOptions): Promise<ArchiveOutput> {
  await existingMode(path, options);
  await removeAbandonedDrafts(dirname(path), options.progress);
  const draft = await createDraft(dirname(path));
  return {
    file: draft,
    async deliver(_length, mode) {
      // Again, as another process may have made the file in the meantime.
      const before = await existingMode(path, options);
      await draft.publish(path, mode ?? before);
      await syncDirectory(dirname(path));
    },
    [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
  };
}

/** The permissions of the file to be replaced, which the new one inherits; undefined when there is none. */
async function existingMode(path: string, { replace }: OutputOptions): Promise<number | undefined> {
  const stats = await stat(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError(error, `cannot look at ${path}`);
  });
  if (!stats) return undefined;
  if (!stats.isFile()) throw new OciEncError("CONFLICT", `${JSON.stringify(path)} exists, and is not a regular file`);
  if (!replace) {
    throw new OciEncError("CONFLICT", `${JSON.stringify(path)} exists already`, {
      hint: "choose another name, or replace it with --force",
    });
  }
  return stats.mode & 0o777;
}

async function standardOutput(options: OutputOptions): Promise<ArchiveOutput> {
  if (process.stdout.isTTY) {
    throw new OciEncError("USAGE", "standard output is a terminal; an archive is not written to it", {
      hint: "redirect standard output, or name a file",
    });
  }
  const scratch = await openScratch(options.tmpdir);
  return {
    file: scratch,
    deliver: (length) => sendOut(scratch, length),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

/** ABORTED when the reader of standard output has closed it. */
async function sendOut(file: WritableFile, length: number): Promise<void> {
  const step = 256 * 1024;
  // Each write reports its own failure; without a listener the event would end the process.
  process.stdout.on("error", () => {});
  for (let at = 0; at < length; at += step) {
    await writeOut(await file.read(Math.min(step, length - at), at));
  }
}

async function writeOut(chunk: Uint8Array): Promise<void> {
  const error = await new Promise<unknown>((settle) => process.stdout.write(chunk, settle));
  if (!error) return;
  if (systemCode(error) !== "EPIPE") throw ioError(error, "cannot write to standard output");
  throw new OciEncError("ABORTED", "the reader of standard output has closed it", { cause: error });
}
