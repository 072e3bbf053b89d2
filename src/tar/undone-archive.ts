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
import { streamFeed } from "./tar-feed.js";
import { mapTar, type TarMap } from "./tar-map.js";

/** An archive that can be read here and there, and where in it everything is. */
export interface MappedFile {
  readonly file: RegularFile;
  readonly map: TarMap;
}

/** The form of a file whose beginning is not that of a tar archive; undefined: it may be one. */
export async function formOfFile(file: RegularFile): Promise<FileForm | undefined> {
  return formOf(await file.read({ start: 0, end: Math.min(formHead, file.size) }));
}

/**
 * Decompresses an archive into a nameless scratch file, of which no more is written than its budget and its own headers allow.
 * UNSUPPORTED, before it grows, for a form that is not read, and for what would grow too much; CORRUPT when it is damaged
 * or holds no tar archive; LOCAL_IO.
 */
export async function undoneArchive(
  file: RegularFile,
  form: FileForm,
  { what, options }: { readonly what: string; readonly options: ArchiveOptions },
): Promise<MappedFile> {
  const { reader } = form;
  if (reader === undefined) {
    throw new OciEncError("UNSUPPORTED", `${what} is ${form.what}, and no tar archive`, { hint: form.advice });
  }
  const undo = (bytes: ByteStream) => (reader === "own" ? decompressing(bytes) : throughProgram(bytes, reader, what));
  const compressed = { stream: () => file.stream(), undo, size: file.size, limits: options.limits };
  return await spoolTar(lookingAhead(compressed), { what, options, within: form.what });
}

/**
 * Writes a tar archive into a nameless scratch file, and reads its headers as it passes, so that what is none is not written
 * to its end. `within`: what it was compressed as. Codes of `mapTar`, and what the stream throws.
 */
export async function spoolTar(
  bytes: ByteStream,
  { what, options, within }: { readonly what: string; readonly options: ArchiveOptions; readonly within?: string },
): Promise<MappedFile> {
  const scratch = await openScratch(options.tmpdir);
  try {
    let failure: { readonly error: unknown } | undefined;
    const mapping = tee(within ? requiringTar(bytes, what, within) : bytes, (copy) =>
      mapTar(streamFeed(copy), what, options.limits).catch((error: unknown) => {
        failure = { error };
        throw error;
      }),
    );
    await scratch.fill(until(mapping.bytes, () => failure));
    return { map: await mapping.result(), file: await scratch.reading(what) };
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

/** What is compressed twice, or no tar archive inside, is said to be that. */
async function* requiringTar(bytes: ByteStream, what: string, within: string): ByteStream {
  let head: Uint8Array | undefined = new Uint8Array();
  const check = (begun: Uint8Array) => {
    const form = formOf(begun);
    if (form) throw new OciEncError("UNSUPPORTED", `${what} is ${within} that holds ${form.what}, and no tar archive`);
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
  readonly undo: (bytes: ByteStream) => ByteStream;
  readonly size: number;
  readonly limits: GrowthLimits | undefined;
}

/** Bytes that come out between two looks at what went in. */
const stretch = 16 * 1024 * 1024;

/** A stretch that grew as many times is suspicious. */
const suspicious = 64;

/**
 * What an archive decompresses to, within its budget. At the first stretch that grows like a bomb everything is
 * decompressed once and only counted, so that a bomb is refused before it is written, and an image that is large and empty
 * is not.
 */
async function* lookingAhead({ stream, undo, size, limits }: Compressed): ByteStream {
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
  for await (const chunk of within(undo(feeding()))) {
    come += chunk.length;
    if (!isTrusted && come - last.come >= stretch) {
      isTrusted = come - last.come > (fed - last.fed) * suspicious;
      if (isTrusted) for await (const _ of within(undo(stream())));
      last = { fed, come };
    }
    yield chunk;
  }
}
