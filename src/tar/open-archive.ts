import { addAbortSignal } from "node:stream";
import { peek } from "../bytes/decompressing.js";
import { formHead, formOf } from "../bytes/file-form.js";
import { ioError, OciEncError } from "../errors.js";
import { openRegularFile, type RegularFile } from "../files/read-file.js";
import { openScratch } from "../files/scratch-file.js";
import type { ArchiveOptions } from "./archive-options.js";
import { decompressArchive, formOfFile, type MappedFile, spoolTar } from "./decompressed-archive.js";
import { fileFeed } from "./tar-feed.js";
import { mapTar, type TarMap } from "./tar-map.js";

/** An open tar archive: the file, and where in it its members are. Nothing of it is unpacked. */
export interface OpenArchive extends AsyncDisposable {
  readonly file: RegularFile;
  readonly map: TarMap;
  /** For messages: the reference without the image's name. */
  readonly what: string;
}

/** Standard input, and standard output, in place of a file. */
export const standardStream: string = "-";

/**
 * Opens a tar archive. Standard input, and what is compressed (gzip, zstd, and with installed programs xz, lzma and bzip2),
 * goes to a nameless scratch file first, as members are read in any order. UNSUPPORTED for what grows beyond
 * `options.limits` and for other formats; CORRUPT, NOT_FOUND, LOCAL_IO; USAGE when standard input is a terminal; ABORTED when
 * the signal ends the wait for it.
 */
export async function openArchive(path: string, what: string, options: ArchiveOptions): Promise<OpenArchive> {
  const { file, map } = await (path === standardStream ? spoolInput(what, options) : openFile(path, what, options));
  return { file, map, what, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
}

/** All bytes of a small member; undefined when the archive does not have it. CORRUPT when it is larger than `limit`. */
export async function readMember(archive: OpenArchive, name: string, limit: number): Promise<Uint8Array | undefined> {
  const range = archive.map.find(name);
  if (!range) return undefined;
  const size = range.end - range.start;
  if (size > limit) {
    throw new OciEncError(
      "CORRUPT",
      `${JSON.stringify(name)} in ${archive.what} has ${size} bytes; ${limit} are allowed`,
    );
  }
  return await archive.file.read(range);
}

async function openFile(path: string, what: string, options: ArchiveOptions): Promise<MappedFile> {
  return await mapped(await openRegularFile(path, { what, followLinks: true }), what, options);
}

/** The file, or a scratch file with its decompressed content; then the file itself is closed. */
async function mapped(file: RegularFile, what: string, options: ArchiveOptions): Promise<MappedFile> {
  try {
    const form = await formOfFile(file);
    if (!form) return { file, map: await mapTar(fileFeed(file), what, options.limits) };
    const decompressed = await decompressArchive(file, form, { what, options });
    await file[Symbol.asyncDispose]();
    return decompressed;
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

/** Compressed input is stored as it comes, as it may have to be decompressed twice. */
async function spoolInput(what: string, options: ArchiveOptions): Promise<MappedFile> {
  const { head, rest } = await peek(standardInput(options), formHead);
  if (!formOf(head)) return await spoolTar(rest, { what, options });
  const scratch = await openScratch(options.tmpdir);
  try {
    await scratch.fill(rest);
    return await mapped(await scratch.reading(what), what, options);
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

async function* standardInput({ signal }: ArchiveOptions): AsyncGenerator<Uint8Array> {
  if (process.stdin.isTTY) {
    throw new OciEncError("USAGE", "standard input is a terminal, not an archive", {
      hint: "pipe an archive into the command, or name a file",
    });
  }
  try {
    yield* signal ? addAbortSignal(signal, process.stdin) : process.stdin;
  } catch (error) {
    throw ioError(error, "cannot read standard input");
  }
}
