import { blockSize } from "./tar-header.js";

// tar-stream encodes the headers. Its archive is one stream of members whose names are known first; here several blobs are
// written at a time, and each gets its name when its digest is known. So the writer puts headers and content where they belong.

/** What is written about one regular file. */
export interface NewMember {
  /** Of ASCII characters, 300 at most. */
  readonly name: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Sizes from here on, and later times, are written in pax records: octal digits, or tar-stream's, cannot hold them. */
const [sizeLimit, timeLimit] = [8 ** 11, 2 ** 31];

/** Whether one block cannot hold the header. */
export function needsExtension({ name, size, mtime }: NewMember): boolean {
  return name.length > 100 || size >= sizeLimit || mtime >= timeLimit;
}

/** The length of an extended header: one block that announces pax records, one with them, and the header itself. */
export const extendedHeaderSize: number = 3 * blockSize;

/** The header of a regular file of mode 0644 and owner 0:0, one block long. The same entry gives the same bytes. */
export async function encodeHeader(entry: NewMember): Promise<Uint8Array> {
  if (needsExtension(entry)) throw new Error("a tar member that needs an extended header");
  return await firstBytes(entry, blockSize);
}

/** The same with the name and the size in pax records before it, always `extendedHeaderSize` long. */
export async function encodeExtendedHeader(entry: NewMember): Promise<Uint8Array> {
  const { name, size, mtime } = entry;
  if (name.length > 300) throw new Error("a tar member whose name is too long");
  const pax = { size: String(size), ...(mtime < timeLimit ? {} : { mtime: String(mtime) }) };
  const records = await firstBytes({ ...entry, pax }, 2 * blockSize);
  // Some readers ignore pax records: for them the last block has as much of the name as it can hold.
  return Buffer.concat([records, await firstBytes({ ...entry, name: name.slice(0, 100) }, blockSize)]);
}

/** What tar-stream writes before the content of a member, which is written elsewhere. */
async function firstBytes(
  { mtime, ...header }: NewMember & { readonly pax?: Readonly<Record<string, string>> },
  length: number,
): Promise<Uint8Array> {
  const { pack } = await import("tar-stream");
  const packer = pack();
  packer.entry({ ...header, mode: 0o644, mtime: new Date(Math.min(mtime, timeLimit - 1) * 1000) });
  const parts: Uint8Array[] = [];
  let count = 0;
  for await (const part of packer) {
    if (!(part instanceof Uint8Array)) throw new Error("tar-stream wrote something other than bytes");
    parts.push(part);
    count += part.length;
    if (count >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}
