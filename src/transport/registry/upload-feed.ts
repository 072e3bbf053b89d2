import type { ByteStream } from "../../bytes/byte-stream.js";
import { OciEncError } from "../../errors.js";

/**
 * The bytes of an upload, pulled once and kept for a while: the last of them stay in a window, so that an upload that
 * broke can go on from where the registry has got to, if that is not too far back.
 */
export class UploadFeed {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #size: number;
  readonly #limit: number;
  readonly #window: Uint8Array[] = [];
  /** The window holds the bytes from `#start` to `#end`; nothing after `#end` has been pulled. */
  #start = 0;
  #end = 0;
  #pulling: Promise<boolean> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(bytes: ByteStream, size: number, windowSize: number) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#size = size;
    this.#limit = windowSize;
  }

  /** Why the bytes themselves failed; undefined when they have not. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Whether a stream can still start at `offset`. */
  holds(offset: number): boolean {
    return offset >= this.#start && offset <= this.#end;
  }

  /** Exactly `length` bytes from `offset` on, which must be held. CORRUPT when the source ends before. */
  async *stream(offset: number, length: number): AsyncGenerator<Uint8Array> {
    let at = offset;
    const stop = offset + length;
    while (at < stop) {
      const chunk = this.#heldFrom(at);
      if (chunk) {
        const part = chunk.subarray(0, stop - at);
        at += part.length;
        yield part;
      } else if (!(await this.#pull())) {
        throw new OciEncError("CORRUPT", `an upload of ${this.#size} bytes ended after ${this.#end}`, {
          retryable: true,
        });
      }
    }
  }

  /** Lets the source come to its end, where it may still refuse what it has given. CORRUPT when it has more. */
  async finish(): Promise<void> {
    do {
      if (this.#end > this.#size)
        throw new OciEncError("CORRUPT", `an upload of ${this.#size} bytes goes on after that`);
    } while (await this.#pull());
  }

  /** Ends the source, whether or not it has been drained. */
  async close(): Promise<void> {
    this.#window.length = 0;
    await this.#pulling?.catch(() => undefined);
    await this.#iterator.return?.();
  }

  #heldFrom(at: number): Uint8Array | undefined {
    if (at < this.#start) throw new Error("an upload went back behind its window");
    const newest = this.#window.at(-1);
    if (newest && at >= this.#end - newest.length && at < this.#end)
      return newest.subarray(at - this.#end + newest.length);
    let start = this.#start;
    for (const chunk of this.#window) {
      if (at < start + chunk.length) return chunk.subarray(at - start);
      start += chunk.length;
    }
    return undefined;
  }

  /** One chunk more, for all who wait for one; false at the end. */
  #pull(): Promise<boolean> {
    this.#pulling ??= this.#pullOne().finally(() => {
      this.#pulling = undefined;
    });
    return this.#pulling;
  }

  async #pullOne(): Promise<boolean> {
    if (this.#failure) throw this.#failure.error;
    try {
      const { done, value } = await this.#iterator.next();
      if (done) return false;
      this.#window.push(value);
      this.#end += value.length;
      this.#evict();
      return true;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /** The newest chunk always stays: it has not been streamed yet. */
  #evict(): void {
    while (this.#window.length > 1 && this.#end - this.#start > this.#limit) {
      this.#start += this.#window.shift()?.length ?? 0;
    }
  }
}
