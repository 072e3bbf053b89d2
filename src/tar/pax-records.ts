import { malformedTar } from "./tar-header.js";

/** What extended headers say of the next member, as far as it matters here. Undefined: nothing. */
export interface PaxRecords {
  readonly path: string | undefined;
  readonly linkpath: string | undefined;
  readonly size: number | undefined;
  /** By GNU tar: the content is the parts of a file, without the holes between them. */
  readonly sparse: boolean;
}

/** Reads `LENGTH KEY=VALUE\n`, one after the other. POSIX.1-2017, pax, "pax extended header". CORRUPT. */
export function parsePax(bytes: Uint8Array, what: string): PaxRecords {
  const found = new Map(
    [...paxRecordsIn(bytes, what)].map(([key, value]) => [key, Buffer.from(value).toString("utf8")]),
  );
  return {
    path: nameIn(found, "path", what),
    linkpath: nameIn(found, "linkpath", what),
    size: sizeIn(found, what),
    sparse: [...found.keys()].some((key) => key.startsWith("GNU.sparse.")),
  };
}

/** Every record in its order. Values are bytes, as those of extended attributes are not text. CORRUPT. */
export function* paxRecordsIn(bytes: Uint8Array, what: string): Generator<readonly [key: string, value: Uint8Array]> {
  // A hostile header has a hundred thousand records: nothing is copied, and no octet is looked at twice.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length; ) {
    const { length, keyAt } = lengthAt(buffer, at);
    const end = at + length;
    if (!(end <= buffer.length && buffer[end - 1] === 0x0a)) throw malformedTar(what, "a pax record is malformed");
    let equals = keyAt;
    while (equals < end && buffer[equals] !== 0x3d) equals += 1;
    if (equals === keyAt || equals >= end) throw malformedTar(what, "a pax record is malformed");
    yield [buffer.toString("utf8", keyAt, equals), buffer.subarray(equals + 1, end - 1)];
    at = end;
  }
}

/** One to nine digits without a zero in front, and a space; NaN for anything else. */
function lengthAt(buffer: Buffer, from: number): { readonly length: number; readonly keyAt: number } {
  let length = buffer[from] === 0x30 ? Number.NaN : 0;
  let at = from;
  for (; at < from + 9; at += 1) {
    const digit = (buffer[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    length = 10 * length + digit;
  }
  return { length: at > from && buffer[at] === 0x20 ? length : Number.NaN, keyAt: at + 1 };
}

/** An empty value removes what a global header set. Global headers may not set a name here, so it means nothing. */
function nameIn(found: ReadonlyMap<string, string>, key: string, what: string): string | undefined {
  const value = found.get(key);
  if (value?.includes("\0")) throw malformedTar(what, "a name holds a zero byte");
  return value || undefined;
}

function sizeIn(found: ReadonlyMap<string, string>, what: string): number | undefined {
  const value = found.get("size");
  if (!value) return undefined;
  const size = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw malformedTar(what, "the size of a member is not a valid number");
  return size;
}
