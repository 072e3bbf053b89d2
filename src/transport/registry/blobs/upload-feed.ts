import type { ByteStream } from "../../../bytes/byte-stream.js";
import { OciEncError } from "../../../errors.js";
import { ByteWindow } from "./byte-window.js";

/**
 * The bytes of an upload, pulled once and kept for a while: the last of them stay in a window, so that an upload that
 * broke can go on from where the registry has got to, if that is not too far back.
 */
export class UploadFeed {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #size: number;
  /**
   * What was pulled before the newest chunk. That one is at hand whole beside it, so that a request as long as the window can be
   * sent again, wherever in a chunk it ends.
   */
  readonly #window: ByteWindow;
  #newest: Uint8Array = new Uint8Array();
  #pulling: Promise<boolean> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(bytes: ByteStream, size: number, windowSize: number) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#size = size;
    this.#window = new ByteWindow(Math.min(windowSize, size));
  }

  /** Why the bytes themselves failed; undefined when they have not. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Whether a stream can still start at `offset`. */
  holds(offset: number): boolean {
    return offset >= this.#window.start && offset <= this.#end;
  }

  /** Exactly `length` bytes from `offset` on, which must be held. CORRUPT when the source ends before. */
  async *stream(offset: number, length: number): AsyncGenerator<Uint8Array> {
    let at = offset;
    const stop = offset + length;
    while (at < stop) {
      if (at < this.#end) {
        const part = this.#held(at, stop);
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
    await this.#pulling?.catch(() => undefined);
    await this.#iterator.return?.();
  }

  /** What has been pulled so far. */
  get #end(): number {
    return this.#window.end + this.#newest.length;
  }

  /** Bytes from `at` on, before `stop`, of those that have been pulled. */
  #held(at: number, stop: number): Uint8Array {
    const start = this.#window.end;
    if (at >= start) return this.#newest.subarray(at - start, stop - start);
    return this.#window.copy(at, Math.min(at + copied, start, stop));
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
      this.#window.push(this.#newest);
      this.#newest = value;
      return true;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

/** Bytes that are copied out of the window at once. */
const copied = 64 * 1024;
