import { type GrowthLimits, openBudget } from "../bytes/budget.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { decompressing } from "../bytes/decompressing.js";
import { type FileForm, formHead, formOf } from "../bytes/file-form.js";
import { tee } from "../bytes/tee.js";
import { OciEncError } from "../errors.js";
import type { RegularFile } from "../files/read-file.js";
import { openScratch } from "../files/scratch-file.js";
import type { ArchiveOptions } from "./archive-options.js";
import { throughProgram } from "./decompressor-program.js";
import { fileFeed } from "./tar-feed.js";
import { mapTar, type TarMap } from "./tar-map.js";

/** The file of an archive, and where in it its members are. */
export interface MappedFile {
  readonly file: RegularFile;
  readonly map: TarMap;
}

/** The format of a file whose first bytes are not those of a tar archive; undefined: it may be one. */
export async function formOfFile(file: RegularFile): Promise<FileForm | undefined> {
  return formOf(await file.read({ start: 0, end: Math.min(formHead, file.size) }));
}

/**
 * Decompresses an archive into a nameless scratch file, and stops as soon as it grows beyond its budget or is not a tar archive.
 * UNSUPPORTED for a format that is not read, and for what would grow too much; CORRUPT when it is damaged or does not hold a
 * tar archive; LOCAL_IO.
 */
export async function decompressArchive(
  file: RegularFile,
  form: FileForm,
  { what, options }: { readonly what: string; readonly options: ArchiveOptions },
): Promise<MappedFile> {
  const { reader } = form;
  if (reader === undefined) {
    throw new OciEncError("UNSUPPORTED", `${what} is ${form.what}, not a tar archive`, { hint: form.advice });
  }
  const decompress = (bytes: ByteStream) =>
    reader === "own" ? decompressing(bytes, what) : throughProgram(bytes, reader, what);
  const compressed = { stream: () => file.stream(), decompress, size: file.size, limits: options.limits };
  return await spoolTar(lookingAhead(compressed), { what, options, within: form.what });
}

/**
 * Writes a tar archive into a nameless scratch file. Its members are read as they pass, so that what is not an archive is not
 * written to its end. `within`: what it was compressed as. Codes of `walkMembers` and `mapTar`, and what the stream throws.
 */
export async function spoolTar(
  bytes: ByteStream,
  { what, options, within }: { readonly what: string; readonly options: ArchiveOptions; readonly within?: string },
): Promise<MappedFile> {
  // Archives in files are read without it.
  const { walkMembers } = await import("./walk-members.js");
  const scratch = await openScratch(options.tmpdir);
  try {
    let failure: { readonly error: unknown } | undefined;
    const walk = tee(within ? requiringTar(bytes, what, within) : bytes, (copy) =>
      walkMembers(copy, what, options.limits).catch((error: unknown) => {
        failure = { error };
        throw error;
      }),
    );
    await scratch.fill(until(walk.bytes, () => failure));
    await walk.result();
    const file = await scratch.reading(what);
    return { file, map: await mapTar(fileFeed(file), what, options.limits) };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

async function* until(bytes: ByteStream, failed: () => { readonly error: unknown } | undefined): ByteStream {
  for await (const chunk of bytes) {
    const failure = failed();
    if (failure) throw failure.error;
    yield chunk;
  }
}

/** Refuses compressed content that is not a tar archive, and says what it is. */
async function* requiringTar(bytes: ByteStream, what: string, within: string): ByteStream {
  let head: Uint8Array | undefined = new Uint8Array();
  const check = (begun: Uint8Array) => {
    const form = formOf(begun);
    if (form) throw new OciEncError("UNSUPPORTED", `${what} is ${within} that holds ${form.what}, not a tar archive`);
    head = undefined;
  };
  for await (const chunk of bytes) {
    if (head !== undefined) head = Buffer.concat([head, chunk]);
    if (head !== undefined && head.length >= formHead) check(head);
    yield chunk;
  }
  if (head !== undefined) check(head);
}

interface Compressed {
  /** The compressed bytes, from the beginning, as often as asked for. */
  readonly stream: () => ByteStream;
  readonly decompress: (bytes: ByteStream) => ByteStream;
  readonly size: number;
  readonly limits: GrowthLimits | undefined;
}

/** How many decompressed bytes are compared with the compressed ones at a time. */
const stretch = 16 * 1024 * 1024;

/** A stretch that is so many times larger than its compressed form may be a bomb. */
const suspicious = 64;

/**
 * What an archive decompresses to, within its budget. At the first stretch that grows like a bomb, everything is first
 * decompressed once and only counted: a bomb is refused before it is written, and a large image full of zeros is read.
 */
async function* lookingAhead({ stream, decompress, size, limits }: Compressed): ByteStream {
  const within = (bytes: ByteStream) => openBudget("archive", limits).limiting(bytes, size);
  let fed = 0;
  async function* feeding(): ByteStream {
    for await (const chunk of stream()) {
      fed += chunk.length;
      yield chunk;
    }
  }
  let isTrusted = false;
  let last = { fed: 0, come: 0 };
  let come = 0;
  for await (const chunk of within(decompress(feeding()))) {
    come += chunk.length;
    if (!isTrusted && come - last.come >= stretch) {
      isTrusted = come - last.come > (fed - last.fed) * suspicious;
      if (isTrusted) for await (const _ of within(decompress(stream())));
      last = { fed, come };
    }
    yield chunk;
  }
}
