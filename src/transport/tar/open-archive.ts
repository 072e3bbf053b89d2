import { addAbortSignal } from "node:stream";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { decompressing } from "../../bytes/decompressing.js";
import { ioError, OciEncError } from "../../errors.js";
import { openRegularFile, type RegularFile } from "../files/read-file.js";
import { openScratch } from "../files/scratch-file.js";
import type { EndpointOptions } from "../transport.js";
import { mapTar, type TarMap } from "./tar-map.js";

/** A tar archive held open: the file, and where in it everything is. Nothing of it is unpacked. */
export interface OpenArchive extends AsyncDisposable {
  readonly file: RegularFile;
  readonly map: TarMap;
  /** For messages: the reference without the image's name. */
  readonly what: string;
}

/** Standard input, and standard output, in place of a file. */
export const standardStream: string = "-";

/**
 * Opens a tar archive. Standard input, and what is compressed with gzip or zstd, goes to a nameless scratch file first,
 * as only a file can be read here and there. CORRUPT, UNSUPPORTED, NOT_FOUND, LOCAL_IO; USAGE when standard input is a
 * terminal; ABORTED when the signal ends the waiting for it.
 */
export async function openArchive(path: string, what: string, options: EndpointOptions): Promise<OpenArchive> {
  const file =
    path === standardStream ? await spool(standardInput(options), what, options) : await openFile(path, what, options);
  try {
    return { file, map: await mapTar(file, what), what, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

/** A small member whole; undefined when there is none. CORRUPT when it is larger than `limit`. */
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

async function openFile(path: string, what: string, options: EndpointOptions): Promise<RegularFile> {
  const file = await openRegularFile(path, { what, followLinks: true });
  try {
    const magic = Buffer.from(await file.read({ start: 0, end: Math.min(4, file.size) })).toString("hex");
    if (!magic.startsWith("1f8b") && magic !== "28b52ffd") return file;
    const spooled = await spool(file.stream(), what, options);
    await file[Symbol.asyncDispose]();
    return spooled;
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

async function spool(bytes: ByteStream, what: string, options: EndpointOptions): Promise<RegularFile> {
  const scratch = await openScratch(options.tmpdir);
  try {
    await scratch.fill(decompressing(bytes));
    return await scratch.reading(what);
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

async function* standardInput({ signal }: EndpointOptions): AsyncGenerator<Uint8Array> {
  if (process.stdin.isTTY) {
    throw new OciEncError("USAGE", "standard input is a terminal, and not an archive", {
      hint: "pipe an archive into the command, or name a file",
    });
  }
  try {
    yield* signal ? addAbortSignal(signal, process.stdin) : process.stdin;
  } catch (error) {
    throw ioError(error, "cannot read standard input");
  }
}
