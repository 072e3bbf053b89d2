import { OciEncError } from "../errors.js";

/** Headers, and content with its padding, come in blocks. POSIX.1-2017, pax, "ustar interchange format". */
export const blockSize: number = 512;

/** What a header block says of a member, before extended headers replace some of it. */
export interface TarHeader {
  /** One character for each byte (latin1), as not every name is UTF-8. */
  readonly path: string;
  /** The type flag: `0` for a regular file. */
  readonly type: string;
  readonly size: number;
  /** As `path`. */
  readonly linkTarget: string;
}

/** Who owns a member, when it was changed, and which device it is. */
export interface HeaderAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, negative before. */
  readonly mtime: number;
  /** Zero for everything but devices. */
  readonly device: { readonly major: number; readonly minor: number };
}

/** Undefined for a block of zeros, which ends an archive. CORRUPT, naming `what`, for a wrong checksum or size. */
export function decodeHeader(block: Uint8Array, what: string): TarHeader | undefined {
  if (isEndBlock(block, what)) return undefined;
  const name = cString(block.subarray(0, 100));
  const prefix = isUstar(block) ? cString(block.subarray(345, 500)) : "";
  return {
    path: prefix === "" ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156] || 0x30),
    size: number(block, { field: "size", start: 124, length: 12 }, what),
    linkTarget: cString(block.subarray(157, 257)),
  };
}

/** The other fields of the same block. CORRUPT when one is not a number. */
export function decodeAttributes(block: Uint8Array, what: string): HeaderAttributes {
  const device = (start: number) => number(block, { field: "device number", start, length: 8 }, what);
  const isDevice = block[156] === 0x33 || block[156] === 0x34;
  return {
    mode: number(block, { field: "mode", start: 100, length: 8 }, what),
    uid: number(block, { field: "uid", start: 108, length: 8 }, what),
    gid: number(block, { field: "gid", start: 116, length: 8 }, what),
    mtime: negativeField(block, 136, 12) ?? number(block, { field: "mtime", start: 136, length: 12 }, what),
    device: isDevice ? { major: device(329), minor: device(337) } : { major: 0, minor: 0 },
  };
}

/** The text before the first zero byte, one character for each byte (latin1). */
export function cString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("latin1");
}

/** The bytes of zeros that round content up to whole blocks. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** CORRUPT: the archive does not follow the format. */
export function malformedTar(what: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} is not a valid tar archive: ${why}`);
}

function isEndBlock(block: Uint8Array, what: string): boolean {
  if (block.every((byte) => byte === 0)) return true;
  const [unsigned, signed] = checksums(block);
  const stated = numberField(block, 148, 8);
  if (stated !== unsigned && stated !== signed) throw malformedTar(what, "the checksum of a header is wrong");
  return false;
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

function number(
  block: Uint8Array,
  { field, start, length }: { readonly field: string; readonly start: number; readonly length: number },
  what: string,
): number {
  const value = numberField(block, start, length);
  if (value === undefined) throw malformedTar(what, `the ${field} of a member is not a valid number`);
  return value;
}

/** Octal digits among spaces and zeros, or GNU's base-256 form. Undefined when it is neither, negative, or too large. */
function numberField(block: Uint8Array, start: number, length: number): number | undefined {
  const field = block.subarray(start, start + length);
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^[ \0]*([0-7]*)[ \0]*$/.exec(Buffer.from(field).toString("latin1"))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits || "0", 8);
}

/** GNU's base-256 form of a negative number: a time before 1970. Undefined for any other form. */
function negativeField(block: Uint8Array, start: number, length: number): number | undefined {
  if (block[start] !== 0xff) return undefined;
  return Number(Buffer.from(block.subarray(start + length - 8, start + length)).readBigInt64BE());
}

/** GNU's own magic, `ustar` and two spaces, has other fields where ustar has the prefix. */
function isUstar(block: Uint8Array): boolean {
  return Buffer.from(block.subarray(257, 263)).toString("latin1") === "ustar\0";
}
