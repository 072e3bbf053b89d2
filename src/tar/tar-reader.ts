import type { Budget } from "../bytes/budget.js";
import { ByteReader } from "../bytes/byte-reader.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";
import { GlobalRecords, type PaxRecord, perRecord } from "./global-records.js";
import { paxRecordsIn } from "./pax-records.js";
import { type Records, readSparseMap, type SparseMap, sparseFormat } from "./sparse-file.js";
import {
  blockSize,
  cString,
  decodeAttributes,
  decodeHeader,
  type HeaderAttributes,
  malformedTar,
  paddingOf,
  type TarHeader,
} from "./tar-header.js";
import type { Piece, TarMember } from "./tar-member.js";

// tar-stream cannot serve here: it decodes the values in extended headers as UTF-8, which destroys extended attributes such as
// security.capability, it applies global headers to some members only, and it does not read sparse files.

/** Of a long name or of extended records. */
const extensionLimit = 1024 * 1024;

/**
 * The members of a layer in their order; the stream is drained to its very end, so that its digest is known then. POSIX
 * pax, ustar, GNU long names, sparse files of the pax formats. CORRUPT for an archive that is malformed or cut short,
 * UNSUPPORTED for what has no place in a layer: GNU's old sparse format, multi-volume archives, unknown types. Records are
 * counted in `budget`, those of global headers for every member.
 */
export async function* readTar(
  bytes: ByteStream,
  what: string,
  budget?: Pick<Budget, "spend">,
): AsyncGenerator<TarMember> {
  const reader = new ByteReader(bytes);
  try {
    const global = new GlobalRecords();
    for (;;) {
      const extended = await readHeaders(reader, global, what);
      if (extended === undefined) break;
      budget?.spend(global.size + perRecord * extended.records.length);
      const { member, skip } = await memberFrom(extended, { reader, global, what });
      yield member;
      await skip();
    }
    while ((await reader.some(chunkSize)).length > 0);
  } finally {
    await reader.close();
  }
}

const chunkSize = 256 * 1024;

/** A header with its extended headers. */
interface ExtendedHeader {
  readonly header: TarHeader & HeaderAttributes;
  /** Its own pax records in their order. */
  readonly records: readonly PaxRecord[];
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

async function readHeaders(
  reader: ByteReader,
  global: GlobalRecords,
  what: string,
): Promise<ExtendedHeader | undefined> {
  let records: readonly PaxRecord[] = [];
  let longName: string | undefined;
  let longLink: string | undefined;
  for (let count = 0; count < 16; count += 1) {
    const header = await nextHeader(reader, what);
    if (header === undefined) return undefined;
    if (!"xgLK".includes(header.type)) return { header, records, longName, longLink };
    const content = await readExtension(reader, header.size, what);
    if (header.type === "L") longName = cString(content);
    if (header.type === "K") longLink = cString(content);
    if (header.type === "x") records = [...records, ...paxRecordsIn(content, what)];
    if (header.type === "g") global.merge(content, what);
  }
  throw malformedTar(what, "a member has too many extended headers");
}

/** Undefined at the end: two blocks of zeros, or simply no more. */
async function nextHeader(reader: ByteReader, what: string): Promise<(TarHeader & HeaderAttributes) | undefined> {
  const block = await reader.take(blockSize);
  if (block.length === 0) return undefined;
  if (block.length < blockSize) throw malformedTar(what, "it ends early");
  const header = decodeHeader(block, what);
  if (header) return { ...header, ...decodeAttributes(block, what) };
  const second = await reader.take(blockSize);
  if (second.length === blockSize && decodeHeader(second, what)) {
    throw malformedTar(what, "a member follows a block of zeros");
  }
  return undefined;
}

async function readExtension(reader: ByteReader, size: number, what: string): Promise<Uint8Array> {
  if (size > extensionLimit)
    throw malformedTar(what, `an extended header has ${size} bytes, the limit is ${extensionLimit}`);
  const content = await reader.take(size);
  if (content.length < size) throw malformedTar(what, "it ends early");
  await reader.take(paddingOf(size));
  return content;
}

interface OpenedMember {
  readonly member: TarMember;
  /** Skips the content that has not been read, and its padding. */
  skip(): Promise<void>;
}

async function memberFrom(
  extended: ExtendedHeader,
  { reader, global, what }: { reader: ByteReader; global: GlobalRecords; what: string },
): Promise<OpenedMember> {
  const { header, records } = extended;
  const own = new Map(records);
  const text = (key: string): string | undefined => {
    const value = own.get(key) ?? global.value(key);
    return value && latin1(value);
  };
  const sparseRecords: Records = global.sparseWith(records, what).map(([key, value]) => [key, latin1(value)]);
  const path = text("GNU.sparse.name") || text("path") || (extended.longName ?? header.path);
  const kind = kindOf(header, path, what);
  const stored = kind === "file" ? (decimal(text("size"), "size", what) ?? header.size) : 0;
  const isSparse = kind === "file" && sparseFormat(sparseRecords, what) !== undefined;
  const map = isSparse ? await readSparseMap(sparseRecords, { reader, size: stored }, what) : undefined;
  const content = new Content(reader, { size: stored, map, what });
  const member: TarMember = {
    path,
    kind,
    linkTarget: text("linkpath") || (extended.longLink ?? header.linkTarget),
    attributes: {
      mode: header.mode & 0o7777,
      uid: decimal(text("uid"), "uid", what) ?? header.uid,
      gid: decimal(text("gid"), "gid", what) ?? header.gid,
      mtime: seconds(text("mtime"), what) ?? header.mtime,
      xattrs: global.xattrsWith(records, what),
    },
    size: map?.realSize ?? stored,
    holes: map === undefined ? 0 : map.realSize - (stored - map.headSize),
    device: header.device,
    content: () => content.pieces(),
  };
  return { member, skip: () => content.skip() };
}

function latin1(value: Uint8Array): string {
  return Buffer.from(value).toString("latin1");
}

const kinds: ReadonlyMap<string, TarMember["kind"]> = new Map([
  ["0", "file"],
  ["7", "file"],
  ["1", "hardlink"],
  ["2", "symlink"],
  ["3", "character"],
  ["4", "block"],
  ["5", "directory"],
  ["6", "fifo"],
]);

function kindOf(header: TarHeader, path: string, what: string): TarMember["kind"] {
  const kind = kinds.get(header.type);
  if (header.type === "S") {
    throw new OciEncError("UNSUPPORTED", `${what} holds a sparse file in GNU tar's old format`, {
      hint: "pack it with --format=posix, or without --sparse",
    });
  }
  if (kind === undefined) {
    throw new OciEncError("UNSUPPORTED", `${what} holds a member of the unknown type ${JSON.stringify(header.type)}`);
  }
  // Before POSIX, a slash at the end of the name made a directory.
  return kind === "file" && path.endsWith("/") ? "directory" : kind;
}

function decimal(text: string | undefined, key: string, what: string): number | undefined {
  if (!text) return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw malformedTar(what, `the ${key} of a member is not a valid number`);
  return Number(text);
}

function seconds(text: string | undefined, what: string): number | undefined {
  if (!text) return undefined;
  if (!/^-?[0-9]{1,12}(?:\.[0-9]{0,20})?$/.test(text))
    throw malformedTar(what, "the mtime of a member is not a valid number");
  return Number(text);
}

/** The stored bytes of one member. */
class Content {
  readonly #reader: ByteReader;
  readonly #what: string;
  readonly #map: SparseMap | undefined;
  readonly #size: number;
  #left: number;

  constructor(reader: ByteReader, content: { size: number; map: SparseMap | undefined; what: string }) {
    this.#reader = reader;
    this.#what = content.what;
    this.#map = content.map;
    this.#size = content.size;
    this.#left = content.size - (content.map?.headSize ?? 0);
  }

  async *pieces(): AsyncGenerator<Piece> {
    const parts = this.#map?.parts ?? [{ position: 0, length: this.#left }];
    for (const part of parts) {
      for (let done = 0; done < part.length; ) {
        const bytes = await this.#some(part.length - done);
        yield { position: part.position + done, bytes };
        done += bytes.length;
      }
    }
  }

  async skip(): Promise<void> {
    while (this.#left > 0) await this.#some(this.#left);
    // The last file's padding may be missing.
    await this.#reader.take(paddingOf(this.#size));
  }

  async #some(most: number): Promise<Uint8Array> {
    const bytes = await this.#reader.some(Math.min(most, chunkSize));
    if (bytes.length === 0) throw malformedTar(this.#what, "it ends within a file");
    this.#left -= bytes.length;
    return bytes;
  }
}
