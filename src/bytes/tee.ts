import type { ByteStream } from "./byte-stream.js";

/** A stream with a second reader. */
export interface Tee<T> {
  readonly bytes: ByteStream;
  /** What the second reader made of the bytes; rejects with its error. Await it once `bytes` has been drained. */
  result(): Promise<T>;
}

/** How many chunks the second reader may be behind. */
const lag = 4;

/**
 * Gives `read` a copy of the bytes that pass. The stream waits for it when it is too far behind, but does not fail when it
 * fails: `result` does. When the stream is abandoned, the copy ends early.
 */
export function tee<T>(bytes: ByteStream, read: (copy: ByteStream) => Promise<T>): Tee<T> {
  const channel = new Channel();
  let reading: Promise<{ readonly value: T } | { readonly error: unknown }> | undefined;
  async function* pass(): AsyncGenerator<Uint8Array> {
    reading = read(channel.chunks())
      .then((value) => ({ value }))
      .catch((error: unknown) => ({ error }))
      .finally(() => channel.stop());
    try {
      for await (const chunk of bytes) {
        await channel.send(chunk);
        yield chunk;
      }
    } finally {
      channel.end();
    }
  }
  return {
    bytes: pass(),
    async result() {
      const outcome = await reading;
      if (!outcome) throw new Error("the result of a tee was asked for before its stream was read");
      if ("error" in outcome) throw outcome.error;
      return outcome.value;
    },
  };
}

/** A bounded queue between one sender and one reader. */
class Channel {
  readonly #queue: Uint8Array[] = [];
  #ended = false;
  #stopped = false;
  #wake: () => void = () => {};

  async send(chunk: Uint8Array): Promise<void> {
    if (this.#stopped) return;
    this.#queue.push(chunk);
    this.#wake();
    while (this.#queue.length > lag && !this.#stopped) await this.#change();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk) {
        this.#wake();
        yield chunk;
      } else if (this.#ended) return;
      else await this.#change();
    }
  }

  /** Resolves at the next change. Sender and reader never wait at the same time, so one waker is enough. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
