import { OciEncError } from "../errors.js";
import type { ByteStream } from "./byte-stream.js";

/** What `zstd` itself takes without being told otherwise. */
const largestWindow = 128 * 1024 * 1024;

/**
 * Passes zstd frames on, and refuses inside the stream (UNSUPPORTED) those that a decoder would need more than 128 MiB
 * for. What is no zstd passes, for the decoder to refuse. RFC 8878, section 3.1.
 */
export async function* boundedWindow(bytes: ByteStream): AsyncGenerator<Uint8Array> {
  const walk = new FrameWalk();
  for await (const chunk of bytes) {
    walk.pass(chunk);
    yield chunk;
  }
}

/** Goes from header to header, over frames and their blocks. */
class FrameWalk {
  #state: "frame" | "block" | "lost" = "frame";
  #head: number[] = [];
  #skip = 0;
  #checksumSize = 0;

  pass(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#state !== "lost"; ) {
      const skipped = Math.min(this.#skip, chunk.length - at);
      this.#skip -= skipped;
      at += skipped;
      const byte = chunk[at];
      if (byte === undefined) return;
      at += 1;
      this.#head.push(byte);
      if (this.#state === "frame") this.#inFrameHeader();
      else this.#inBlockHeader();
    }
  }

  #inFrameHeader(): void {
    const head = this.#head;
    if (head.length < 5) return;
    const magic = littleEndian(head.slice(0, 4));
    if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) {
      if (head.length === 8) this.#next("frame", littleEndian(head.slice(4)));
    } else if (magic === 0xfd2fb528) {
      const { length, window, checksumSize } = frameHeader(head);
      if (head.length < length) return;
      if (window > largestWindow) throw tooLarge(window);
      this.#checksumSize = checksumSize;
      this.#next("block", 0);
    } else this.#state = "lost";
  }

  #inBlockHeader(): void {
    if (this.#head.length < 3) return;
    const header = littleEndian(this.#head);
    const isLast = (header & 1) === 1;
    const isRunLength = ((header >> 1) & 3) === 1;
    const size = isRunLength ? 1 : header >> 3;
    if (isLast) this.#next("frame", size + this.#checksumSize);
    else this.#next("block", size);
  }

  #next(state: "frame" | "block", skip: number): void {
    this.#state = state;
    this.#head = [];
    this.#skip = skip;
  }
}

/** Section 3.1.1.1. `window` means something once `length` bytes are there. */
function frameHeader(head: readonly number[]): { length: number; window: number; checksumSize: number } {
  const flags = head[4] ?? 0;
  const isSingle = (flags & 0x20) !== 0;
  const dictionarySize = [0, 1, 2, 4][flags & 3] ?? 0;
  const contentSizeSize = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const contentSizeAt = 5 + (isSingle ? 0 : 1) + dictionarySize;
  const length = contentSizeAt + contentSizeSize;
  const contentSize = littleEndian(head.slice(contentSizeAt, length)) + (contentSizeSize === 2 ? 256 : 0);
  const descriptor = head[5] ?? 0;
  const base = 2 ** (10 + (descriptor >> 3));
  const window = isSingle ? contentSize : base + (base / 8) * (descriptor & 7);
  return { length, window, checksumSize: (flags & 4) === 0 ? 0 : 4 };
}

function littleEndian(bytes: readonly number[]): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

function tooLarge(window: number): OciEncError {
  const needed = Math.ceil(window / 2 ** 20);
  return new OciEncError("UNSUPPORTED", `the layer's zstd frames need ${needed} MiB to be undone; 128 are allowed`);
}
