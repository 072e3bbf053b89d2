import fc from "fast-check";
import type { ByteStream } from "../../../src/bytes/byte-stream.js";

/** A stream that says whether it was begun and ended. */
export interface WatchedStream {
  readonly bytes: ByteStream;
  readonly wasPulled: boolean;
  readonly wasClosed: boolean;
}

/** Bytes cut into pieces of these sizes, again and again; a size of 0 is an empty chunk. */
export async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const cycle = sizes.some((size) => size > 0) ? sizes : [Math.max(1, bytes.length)];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = cycle[turn % cycle.length] ?? 1;
    // A copy of its own: a stage must not lean on chunks being parts of one buffer.
    yield new Uint8Array(bytes.subarray(at, at + size));
    at += size;
  }
}

/** The ways of cutting that every stage is tried with. */
export const cuts: readonly (readonly number[])[] = [[1], [3, 0, 7, 1021], [Number.MAX_SAFE_INTEGER]];

/** Any way of cutting. */
export const anyCut: fc.Arbitrary<number[]> = fc.array(fc.nat({ max: 5000 }), { minLength: 1, maxLength: 8 });

/** Any bytes, up to some ten thousand. */
export function anyBytes(maxLength: number = 30_000): fc.Arbitrary<Uint8Array> {
  return fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength, size: "max" }));
}

/** The same bytes, watched. */
export function watched(bytes: ByteStream): WatchedStream {
  const state = { wasPulled: false, wasClosed: false };
  async function* pass(): AsyncGenerator<Uint8Array> {
    state.wasPulled = true;
    try {
      yield* bytes;
    } finally {
      state.wasClosed = true;
    }
  }
  return Object.assign(state, { bytes: pass() });
}

/** Some bytes, and then a failure. */
export async function* failing(bytes: Uint8Array, error: Error): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
  throw error;
}

/** Everything that comes out. */
export async function collect(bytes: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What came out before the failure, and the failure; undefined when there was none. */
export async function collectUntilFailure(bytes: ByteStream): Promise<{ bytes: Buffer; error: unknown }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of bytes) chunks.push(chunk);
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
  return { bytes: Buffer.concat(chunks), error: undefined };
}

/** Takes the first chunk and turns away. */
export async function abandon(bytes: ByteStream): Promise<void> {
  for await (const _ of bytes) return;
}
