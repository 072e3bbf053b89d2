import { OciEncError } from "../errors.js";

// tar-stream reads archives from end to end and does not offer its header code by itself. Reading by ranges needs the
// headers alone, and writing in parallel needs them at given places, so both sides of the format are here.

/** Headers, and content with its padding, come in blocks. POSIX.1-2017, pax, "ustar interchange format". */
export const blockSize: number = 512;

/** What one header block says. */
export interface TarHeader {
  readonly name: string;
  readonly size: number;
  /** The type flag, `0` for a regular file. */
  readonly type: string;
  readonly linkTarget: string;
}

/** What is to be written about one regular file. */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Undefined for a block of zeros, which ends an archive. CORRUPT, naming `what`, when it is no sound header. */
export function decodeHeader(block: Uint8Array, what: string): TarHeader | undefined {
  if (isEndBlock(block, what)) return undefined;
  const size = numberField(block, 124, 12);
  if (size === undefined) throw unsound(what, "an entry has no sound size");
  const name = text(block, 0, 100);
  const prefix = isUstar(block) ? text(block, 345, 155) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size,
    type: String.fromCharCode(block[156] || 0x30),
    linkTarget: text(block, 157, 100),
  };
}

/** Whether a block is all zeros, which ends an archive. CORRUPT, naming `what`, when its checksum does not hold. */
export function isEndBlock(block: Uint8Array, what: string): boolean {
  if (block.every((byte) => byte === 0)) return true;
  const [unsigned, signed] = checksums(block);
  const stated = numberField(block, 148, 8);
  if (stated !== unsigned && stated !== signed) throw unsound(what, "a header's checksum does not hold");
  return false;
}

/** Blocks of zeros that round content up to whole blocks. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** Whether one block can hold name and size; else the header is an extended one. */
export function needsExtension(name: string, size: number): boolean {
  return name.length > 100 || size >= 8 ** 11;
}

/** The length of an extended header for names of up to 300 characters, whatever the name and the size are. */
export const extendedHeaderSize: number = 3 * blockSize;

/** The header of a regular file of mode 0644 that belongs to nobody in particular: the same entry, the same bytes. */
export function encodeHeader(entry: TarEntry): Uint8Array {
  if (needsExtension(entry.name, entry.size)) throw new Error("a tar entry that needs an extended header");
  return headerBlock(entry, "0");
}

/** The same with name and size in pax records in front, always `extendedHeaderSize` long. */
export function encodeExtendedHeader(entry: TarEntry): Uint8Array {
  const records = Buffer.from(paxRecord("path", entry.name) + paxRecord("size", String(entry.size)));
  if (records.length > blockSize) throw new Error("a tar entry whose name is too long");
  const result = Buffer.alloc(extendedHeaderSize);
  result.set(headerBlock({ name: "PaxHeaders/0", size: records.length, mtime: entry.mtime }, "x"));
  result.set(records, blockSize);
  const size = Math.min(entry.size, 8 ** 11 - 1); // Readers take it from the record.
  result.set(headerBlock({ name: entry.name.slice(0, 100), size, mtime: entry.mtime }, "0"), 2 * blockSize);
  return result;
}

/** CORRUPT: the archive is not what the format asks for. */
export function unsound(what: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} is not a sound tar archive: ${why}`);
}

function headerBlock(entry: TarEntry, type: string): Uint8Array {
  const block = Buffer.alloc(blockSize);
  block.write(entry.name, 0, 100, "latin1");
  block.write("0000644\0" + "0000000\0" + "0000000\0", 100, "latin1");
  block.write(`${octal(entry.size)}\0${octal(entry.mtime)}\0`, 124, "latin1");
  block.write(`        ${type}`, 148, "latin1");
  block.write("ustar\0" + "00", 257, "latin1");
  const [sum] = checksums(block);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function octal(value: number): string {
  return value.toString(8).padStart(11, "0");
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

/** Some old writers summed signed characters. The checksum's own field counts as spaces. */
function checksums(block: Uint8Array): readonly [unsigned: number, signed: number] {
  let [unsigned, signed] = [8 * 0x20, 8 * 0x20];
  for (let index = 0; index < blockSize; index += 1) {
    const byte = index >= 148 && index < 156 ? 0 : (block[index] ?? 0);
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  return [unsigned, signed];
}

/** Octal digits among spaces and zeros, or GNU's base-256 form. Undefined when it is neither, negative, or too large. */
export function numberField(block: Uint8Array, start: number, length: number): number | undefined {
  const field = block.subarray(start, start + length);
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^[ \0]*([0-7]*)[ \0]*$/.exec(Buffer.from(field).toString("latin1"))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits || "0", 8);
}

function text(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("utf8");
}

/** GNU's own magic, `ustar` and two spaces, has other things where ustar has the prefix. */
export function isUstar(block: Uint8Array): boolean {
  return text(block, 257, 6) === "ustar" && block[262] === 0;
}
