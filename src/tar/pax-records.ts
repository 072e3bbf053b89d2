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
  for (let at = 0; at < bytes.length; ) {
    const prefix = /^([1-9][0-9]{0,8}) /.exec(Buffer.from(bytes.subarray(at, at + 10)).toString("latin1"));
    const end = at + Number(prefix?.[1] ?? 0);
    if (!prefix || end > bytes.length || bytes[end - 1] !== 0x0a) throw malformedTar(what, "a pax record is malformed");
    const record = bytes.subarray(at + prefix[0].length, end - 1);
    const equals = record.indexOf(0x3d);
    if (equals < 1) throw malformedTar(what, "a pax record is malformed");
    yield [Buffer.from(record.subarray(0, equals)).toString("utf8"), record.subarray(equals + 1)];
    at = end;
  }
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
