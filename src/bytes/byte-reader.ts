import type { ByteStream } from "./byte-stream.js";

/** Takes a stream apart in pieces of known length. The caller calls `close` when done, or when giving up. */
export class ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #ended = false;

  constructor(bytes: ByteStream) {
    this.#iterator = bytes[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes; fewer where the stream ends before. */
  async take(length: number): Promise<Uint8Array> {
    while (this.#chunk.length < length && !this.#ended) await this.#more();
    const taken = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** Between one byte and `most`; none at the end of the stream. */
  async some(most: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0 && !this.#ended) await this.#more();
    const taken = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #more(): Promise<void> {
    const next = await this.#iterator.next();
    if (next.done) this.#ended = true;
    else this.#chunk = this.#chunk.length === 0 ? next.value : Buffer.concat([this.#chunk, next.value]);
  }
}
