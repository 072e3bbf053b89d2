import { buffer } from "node:stream/consumers";
import { extract, type Header, pack } from "tar-stream";

/** An entry for a tar archive that another implementation writes. */
export type GivenEntry = Partial<Header> & Pick<Header, "name"> & { readonly content?: string | Uint8Array };

/** A tar archive as tar-stream writes it: a second opinion on what we read. */
export async function packTar(entries: readonly GivenEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = "", ...header } of entries) archive.entry(header, Buffer.from(content));
  archive.finalize();
  return await buffer(archive);
}

/** What tar-stream makes of an archive, in its order: a second opinion on what we write. */
export async function unpackTar(archive: Uint8Array): Promise<{ readonly header: Header; readonly content: Buffer }[]> {
  const reader = extract();
  reader.end(archive);
  const found: { header: Header; content: Buffer }[] = [];
  for await (const entry of reader) found.push({ header: entry.header, content: await buffer(entry) });
  return found;
}

/** One file by its name, header, content and padding, without the end of an archive. */
export async function tarEntry(entry: GivenEntry): Promise<Buffer> {
  return (await packTar([entry])).subarray(0, -1024);
}

/** The two blocks of zeros at the end. */
export const tarEnd: Buffer = Buffer.alloc(1024);

/** A header with some of its bytes changed and the checksum put right, for what no honest writer makes. */
export function changedHeader(entry: Uint8Array, offset: number, bytes: string | Uint8Array): Buffer {
  const changed = Buffer.from(entry);
  changed.set(Buffer.from(bytes), offset);
  changed.write("        ", 148, "latin1");
  const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return changed;
}

/** A pax extended header of these records, to stand before an entry. */
export async function paxHeader(records: string, type = "x"): Promise<Buffer> {
  return changedHeader(await tarEntry({ name: "PaxHeaders/0", content: records }), 156, type);
}

/** `LENGTH KEY=VALUE\n`, for values that make the length one of two digits. */
export function paxRecord(key: string, value: string): string {
  const length = key.length + value.length + 5;
  return `${length} ${key}=${value}\n`;
}
