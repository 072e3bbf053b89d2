import { posix } from "node:path";
import { type Budget, type GrowthLimits, openBudget } from "../bytes/budget.js";
import { OciEncError } from "../errors.js";
import type { ByteRange } from "../files/read-file.js";
import { type PaxRecords, parsePax } from "./pax-records.js";
import type { TarFeed } from "./tar-feed.js";
import { blockSize, cString, decodeHeader, malformedTar, paddingOf, type TarHeader } from "./tar-header.js";

/** Where the files of a tar archive are. */
export interface TarMap {
  /**
   * Where the content of `name` is, links followed; undefined when the archive has no such member. CORRUPT when it has two of
   * that name, when it is neither a file nor a link to one, or when links lead outside or in a circle.
   */
  find(name: string): ByteRange | undefined;
}

/** Members with longer names are ignored: no part of an image has one. */
const nameLimit = 512;

/** Bytes of a long name or of pax records. */
const extensionLimit = 1024 * 1024;

/** How many links are followed for one name. */
const linkLimit = 16;

/**
 * Reads the headers once, without the content between them. Names that are absolute or lead upwards are left out; nothing is
 * written to disk. CORRUPT when the archive is malformed or ends early, UNSUPPORTED when it has sparse files, or more members or
 * extended headers than `limits` allow. tar-stream cannot serve here, as it reads an archive only from its start to its end.
 */
export async function mapTar(feed: TarFeed, what: string, limits: GrowthLimits = {}): Promise<TarMap> {
  const entries = new Map<string, MapEntry>();
  for await (const entry of membersOf(new BlockReader(feed, what, openBudget("archive", limits)))) {
    const name = cleanName(entry.name);
    if (name === undefined || entry.kind === "directory") continue;
    entries.set(name, entries.has(name) ? { kind: "ambiguous" } : mapEntry(name, entry));
  }
  return { find: (name) => find(entries, name, what) };
}

/** What the map has of a member. */
type MapEntry =
  | { readonly kind: "file"; readonly range: ByteRange }
  | { readonly kind: "link"; readonly target: string | undefined }
  | { readonly kind: "special" }
  | { readonly kind: "ambiguous" };

interface Member {
  readonly name: string;
  readonly kind: "file" | "hard link" | "symbolic link" | "directory" | "special";
  readonly linkTarget: string;
  readonly range: ByteRange;
}

const kinds: ReadonlyMap<string, Member["kind"]> = new Map([
  ["0", "file"],
  ["7", "file"],
  ["1", "hard link"],
  ["2", "symbolic link"],
  ["5", "directory"],
]);

/** Types without content, whatever their size says: links, devices, directories and FIFOs. */
const withoutContent = "123456";

function find(entries: ReadonlyMap<string, MapEntry>, wanted: string, what: string): ByteRange | undefined {
  const wrong = (why: string) =>
    new OciEncError("CORRUPT", `${JSON.stringify(wanted.slice(0, 200))} in ${what} ${why}`);
  let name = cleanName(wanted);
  for (let links = 0; links <= linkLimit; links += 1) {
    const place = name === undefined ? undefined : entries.get(name);
    if (!place && links === 0) return undefined;
    if (!place) throw wrong("is a link to a file that is not in it");
    if (place.kind === "ambiguous") throw wrong("is in it twice, or is a link to a name that is");
    if (place.kind === "special") throw wrong("is not a regular file");
    if (place.kind === "file") return place.range;
    name = place.target;
  }
  throw wrong("is a link that leads in a circle");
}

function mapEntry(name: string, entry: Member): MapEntry {
  switch (entry.kind) {
    case "file":
      return { kind: "file", range: entry.range };
    case "hard link":
      return { kind: "link", target: cleanName(entry.linkTarget) };
    case "symbolic link":
      return { kind: "link", target: cleanName(posix.join(posix.dirname(name), entry.linkTarget), entry.linkTarget) };
    default:
      return { kind: "special" };
  }
}

/** Without `./` and double slashes; undefined when it is absolute, leads upwards or is too long. */
function cleanName(name: string, asWritten: string = name): string | undefined {
  if (asWritten.startsWith("/") || name.length > nameLimit) return undefined;
  const clean = posix.normalize(name).replace(/\/$/, "");
  return clean === ".." || clean.startsWith("../") ? undefined : clean;
}

async function* membersOf(reader: BlockReader): AsyncGenerator<Member> {
  for (;;) {
    const { header, said } = await readHeaders(reader);
    if (!header) return;
    reader.budget.countEntry();
    yield await memberFrom(header, said, reader);
  }
}

/** The next header that is not an extension, undefined at the end, and what extended headers before it say. */
async function readHeaders(reader: BlockReader): Promise<{ header: TarHeader | undefined; said: PaxRecords }> {
  let said: PaxRecords = { path: undefined, linkpath: undefined, size: undefined, sparse: false };
  let pending = false;
  for (let count = 0; count < 8; count += 1) {
    const header = await reader.header();
    if (!header && pending) throw malformedTar(reader.what, "it ends after an extended header");
    if (!header || !"xgLK".includes(header.type)) return { header, said };
    pending = header.type !== "g";
    const content = await reader.content(header.size);
    said = merged(said, header.type, { content, what: reader.what });
  }
  throw malformedTar(reader.what, "a member has too many extended headers");
}

function merged(said: PaxRecords, type: string, more: { content: Uint8Array; what: string }): PaxRecords {
  if (type === "L") return { ...said, path: longName(more.content) };
  if (type === "K") return { ...said, linkpath: longName(more.content) };
  const records = parsePax(more.content, more.what);
  if (type === "x") {
    return {
      path: records.path ?? said.path,
      linkpath: records.linkpath ?? said.linkpath,
      size: records.size ?? said.size,
      sparse: records.sparse || said.sparse,
    };
  }
  // Honest writers put only a comment in a global header; a name or a size for all members is a trap.
  if ((records.path ?? records.linkpath ?? records.size) !== undefined || records.sparse) {
    throw malformedTar(more.what, "a global header names a file or its size");
  }
  return said;
}

function longName(content: Uint8Array): string {
  return fromLatin1(cString(content));
}

/** Names that matter here are UTF-8. */
function fromLatin1(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}

async function memberFrom(header: TarHeader, said: PaxRecords, reader: BlockReader): Promise<Member> {
  if (said.sparse || header.type === "S") {
    throw new OciEncError("UNSUPPORTED", `${reader.what} holds a sparse file`, { hint: "pack it without --sparse" });
  }
  if (header.type === "M") throw new OciEncError("UNSUPPORTED", `${reader.what} is one volume of several`);
  const name = said.path ?? fromLatin1(header.path);
  const kind = header.type === "0" && name.endsWith("/") ? "directory" : (kinds.get(header.type) ?? "special");
  const size = withoutContent.includes(header.type) ? 0 : (said.size ?? header.size);
  return { name, kind, linkTarget: said.linkpath ?? fromLatin1(header.linkTarget), range: await reader.skip(size) };
}

/** Reads blocks and counts the position. */
class BlockReader {
  readonly what: string;
  readonly budget: Budget;
  readonly #feed: TarFeed;
  #at = 0;

  constructor(feed: TarFeed, what: string, budget: Budget) {
    this.#feed = feed;
    this.what = what;
    this.budget = budget;
  }

  /** Undefined at the end: two blocks of zeros, or simply no more. */
  async header(): Promise<TarHeader | undefined> {
    const block = await this.#feed.take(blockSize);
    if (block.length === 0 && this.#at > 0) return undefined;
    const header = decodeHeader(this.#whole(block, blockSize), this.what);
    if (header) return header;
    const second = await this.#feed.take(blockSize);
    if (second.length > 0 && decodeHeader(this.#whole(second, blockSize), this.what)) {
      throw malformedTar(this.what, "a member follows a block of zeros");
    }
    return undefined;
  }

  /** The content of an extended header. */
  async content(size: number): Promise<Uint8Array> {
    if (size > extensionLimit)
      throw malformedTar(this.what, `an extended header has ${size} bytes, the limit is ${extensionLimit}`);
    this.budget.hold(size);
    const content = this.#whole(await this.#feed.take(size), size);
    await this.skip(0, paddingOf(size));
    return content;
  }

  /** Skips a file and its padding, which may be missing after the last one. */
  async skip(size: number, padding: number = paddingOf(size)): Promise<ByteRange> {
    const range = { start: this.#at, end: this.#at + size };
    if ((await this.#feed.skip(size)) < size) throw malformedTar(this.what, "it ends within a file");
    this.#at = range.end + (await this.#feed.skip(padding));
    return range;
  }

  #whole(bytes: Uint8Array, length: number): Uint8Array {
    if (bytes.length < length)
      throw malformedTar(this.what, this.#at + bytes.length === 0 ? "it is empty" : "it ends early");
    this.#at += length;
    return bytes;
  }
}
