import { isUstar, numberField, unsound } from "./tar-header.js";

/** The fields of one header block, before extended headers have their say. POSIX.1-2017, pax, "ustar". */
export interface RawHeader {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly linkTarget: string;
  readonly device: { readonly major: number; readonly minor: number };
}

/** Takes apart a block whose checksum holds. CORRUPT when a number is none. Names keep their bytes, as latin1. */
export function readHeader(block: Uint8Array, what: string): RawHeader {
  const number = (start: number, length: number, field: string) => {
    const value = numberField(block, start, length);
    if (value === undefined) throw unsound(what, `a member has no sound ${field}`);
    return value;
  };
  const type = String.fromCharCode(block[156] || 0x30);
  const name = bytesField(block, 0, 100);
  const prefix = isUstar(block) ? bytesField(block, 345, 155) : "";
  const isDevice = type === "3" || type === "4";
  return {
    path: prefix === "" ? name : `${prefix}/${name}`,
    type,
    size: number(124, 12, "size"),
    mode: number(100, 8, "mode"),
    uid: number(108, 8, "uid"),
    gid: number(116, 8, "gid"),
    mtime: signedField(block, 136, 12) ?? number(136, 12, "mtime"),
    linkTarget: bytesField(block, 157, 100),
    device: isDevice ? { major: number(329, 8, "device"), minor: number(337, 8, "device") } : { major: 0, minor: 0 },
  };
}

function bytesField(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("latin1");
}

/** GNU's base-256 form of a negative number: a time before 1970. Undefined for any other form. */
function signedField(block: Uint8Array, start: number, length: number): number | undefined {
  if (block[start] !== 0xff) return undefined;
  const value = Buffer.from(block.subarray(start + length - 8, start + length)).readBigInt64BE();
  return Number(value);
}
