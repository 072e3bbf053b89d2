import type { ByteStream } from "../../bytes/byte-stream.js";

/** The length of what tells one encrypted layer from every other: its bytes are as good as random. */
export const headLength = 4096;

/** How a layer begins. */
export interface LayerHead {
  /** {@link headLength} bytes, or all of a shorter layer. */
  readonly bytes: Uint8Array;
  /** Whether these are the whole layer. */
  readonly whole: boolean;
}

/** Reads a layer's first bytes; `bytes` yields the whole layer all the same. Throws what the stream throws. */
export async function readHead(
  layer: AsyncGenerator<Uint8Array>,
): Promise<{ readonly head: LayerHead; readonly bytes: ByteStream }> {
  const read: Uint8Array[] = [];
  let size = 0;
  let whole = false;
  while (size <= headLength && !whole) {
    const next = await layer.next();
    if (next.done) whole = true;
    else {
      read.push(next.value);
      size += next.value.length;
    }
  }
  const bytes = read.length === 1 && read[0] ? read[0] : Buffer.concat(read);
  return { head: { bytes: bytes.subarray(0, headLength), whole: size <= headLength }, bytes: joined(read, layer) };
}

async function* joined(read: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* read;
  yield* rest;
}
