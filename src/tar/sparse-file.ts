import type { ByteReader } from "../bytes/byte-reader.js";
import { OciEncError } from "../errors.js";
import { malformedTar } from "./tar-header.js";

/** A file with holes: what of it is stored, in order, and how long it is. GNU tar manual, "Sparse Formats". */
export interface SparseMap {
  readonly realSize: number;
  readonly parts: readonly SparsePart[];
  /** Bytes of the content that held the map itself. */
  readonly headSize: number;
}

interface SparsePart {
  readonly position: number;
  readonly length: number;
}

/** Extended records in their order; format 0.0 repeats two of them. */
export type Records = readonly (readonly [key: string, value: string])[];

/** No honest file has more parts. */
const partLimit = 262_144;

const blockSize = 512;

/** Which format the records announce; undefined: the file is not sparse. UNSUPPORTED for an unknown version. */
export function sparseFormat(records: Records, what: string): "0.0" | "0.1" | "1.0" | undefined {
  const value = (key: string) => records.findLast(([name]) => name === `GNU.sparse.${key}`)?.[1];
  const [major, minor] = [value("major"), value("minor")];
  if (major === "1" && minor === "0") return "1.0";
  if (major !== undefined && !(major === "0" && (minor === "0" || minor === "1"))) {
    throw new OciEncError(
      "UNSUPPORTED",
      `${what} holds a sparse file of version ${major.slice(0, 9)}.${minor?.slice(0, 9)}`,
    );
  }
  if (value("map") !== undefined) return "0.1";
  return value("size") === undefined && value("realsize") === undefined ? undefined : "0.0";
}

/** Reads the map, from the records or, in format 1.0, from the start of the content. CORRUPT when it is not valid. */
export async function readSparseMap(
  records: Records,
  stored: { readonly reader: ByteReader; readonly size: number },
  what: string,
): Promise<SparseMap> {
  const format = sparseFormat(records, what);
  const named = (key: string) => records.filter(([name]) => name === `GNU.sparse.${key}`).map(([, value]) => value);
  const realSize = integer(named("realsize").at(-1) ?? named("size").at(-1), what);
  if (format === "1.0") {
    const { numbers, headSize } = await readHead(stored, what);
    return checkedMap({ realSize, parts: pairs(numbers, what), headSize }, stored.size, what);
  }
  const texts = format === "0.1" ? (named("map").at(-1) ?? "").split(",").filter((text) => text !== "") : undefined;
  const numbers = (texts ?? interleaved(named("offset"), named("numbytes"))).map((text) => integer(text, what));
  return checkedMap({ realSize, parts: pairs(numbers, what), headSize: 0 }, stored.size, what);
}

/** Lines of decimal numbers, the count of pairs first, filled up to a whole block with zeros. */
async function readHead(
  { reader, size }: { readonly reader: ByteReader; readonly size: number },
  what: string,
): Promise<{ readonly numbers: readonly number[]; readonly headSize: number }> {
  let text = "";
  let headSize = 0;
  let wanted = 1;
  let lines: string[] = [];
  while (lines.length < wanted) {
    const block = await reader.take(blockSize);
    headSize += block.length;
    if (block.length < blockSize || headSize > size) throw malformedTar(what, "the map of a sparse file is cut short");
    text += Buffer.from(block).toString("latin1");
    const complete = text.lastIndexOf("\n") + 1;
    lines.push(...text.slice(0, complete).split("\n").slice(0, -1));
    text = text.slice(complete);
    if (lines[0] !== undefined && wanted === 1) wanted = 1 + 2 * integer(lines[0], what);
    if (wanted > 1 + 2 * partLimit) throw malformedTar(what, "a sparse file has too many parts");
  }
  lines = lines.slice(1, wanted);
  return { numbers: lines.map((line) => integer(line, what)), headSize };
}

function interleaved(offsets: readonly string[], lengths: readonly string[]): readonly string[] {
  return offsets.flatMap((offset, index) => [offset, lengths[index] ?? ""]);
}

function pairs(numbers: readonly number[], what: string): readonly SparsePart[] {
  if (numbers.length % 2 !== 0 || numbers.length > 2 * partLimit)
    throw malformedTar(what, "the map of a sparse file is not valid");
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({
    position: numbers[2 * index] ?? 0,
    length: numbers[2 * index + 1] ?? 0,
  }));
}

function checkedMap(map: SparseMap, storedSize: number, what: string): SparseMap {
  let end = 0;
  let total = map.headSize;
  for (const { position, length } of map.parts) {
    if (position < end) throw malformedTar(what, "the parts of a sparse file overlap");
    end = position + length;
    total += length;
  }
  if (end > map.realSize || total !== storedSize)
    throw malformedTar(what, "the map of a sparse file does not fit its content");
  return map;
}

function integer(text: string | undefined, what: string): number {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text))
    throw malformedTar(what, "the map of a sparse file is not valid");
  return Number(text);
}
