import { byteCount } from "../byte-count.js";
import type { Cell } from "./table.js";

/** A text with digests in it; short, each has its algorithm and twelve digits. */
export function digestCell(text: string): Cell {
  return { full: text, short: text.replaceAll(/(sha(?:256|512)[:-][0-9a-f]{12})[0-9a-f]{52,116}/g, "$1") };
}

/** A number of bytes; short, `64.0 MiB`. */
export function sizeCell(bytes: number): Cell {
  return { full: String(bytes), short: byteCount(bytes) };
}
