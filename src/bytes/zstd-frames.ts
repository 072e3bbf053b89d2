import { OciEncError } from "../errors.js";
import type { ByteStream } from "./byte-stream.js";

/** Bytes of a zstd frame. */
export interface FramePiece {
  readonly bytes: Uint8Array;
  /** The frame ends with them. */
  readonly isLast: boolean;
}

/**
 * Finds where the frames of a zstd stream end, as Node's own decoder stops after the first, and drops frames without content.
 * `what` is what is decompressed, for messages. CORRUPT inside the stream when a frame is cut off or something else follows
 * it; UNSUPPORTED for a frame that needs more than 128 MiB of memory. RFC 8878, section 3.1.
 */
export async function* zstdFrames(bytes: ByteStream, what: string): AsyncGenerator<FramePiece> {
  const walk = new FrameWalk(what);
  for await (const chunk of bytes) yield* walk.pass(chunk);
  if (!walk.isBetweenFrames) throw damaged(what, "its last zstd frame is cut off");
}

/** The limit of `zstd` itself, without options. */
const largestWindow = 128 * 1024 * 1024;

/** Goes from header to header, through frames and their blocks. */
class FrameWalk {
  readonly #what: string;
  #isInside = false;
  #isLastBlock = false;
  /** Bytes up to the next header, or to the frame's end. */
  #left = 0;
  #head: number[] = [];
  #checksumSize = 0;

  constructor(what: string) {
    this.#what = what;
  }

  get isBetweenFrames(): boolean {
    return !this.#isInside && this.#left === 0 && this.#head.length === 0;
  }

  *pass(chunk: Uint8Array): Generator<FramePiece> {
    let start = 0;
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
      } else {
        this.#head.push(chunk[at] ?? 0);
        at += 1;
        if (this.#isInside) this.#readBlockHeader();
        else if (this.#readFrameHeader()) {
          yield { bytes: Uint8Array.from(this.#head.splice(0)), isLast: false };
          start = at;
        }
      }
      if (this.#isInside && this.#isLastBlock && this.#left === 0) {
        this.#isInside = false;
        yield { bytes: chunk.subarray(start, at), isLast: true };
      }
    }
    if (this.#isInside && start < chunk.length) yield { bytes: chunk.subarray(start), isLast: false };
  }

  /** True: the header of a frame with content is complete. */
  #readFrameHeader(): boolean {
    const head = this.#head;
    if (head.length < 5) return false;
    const magic = littleEndian(head.slice(0, 4));
    if (isSkippable(magic)) {
      if (head.length === 8) this.#left = littleEndian(head.splice(0).slice(4));
      return false;
    }
    if (magic !== frameMagic) throw damaged(this.#what, "what follows a zstd frame is not another one");
    const { length, window, checksumSize } = frameHeader(head);
    if (head.length < length) return false;
    if (window > largestWindow) throw tooLarge(this.#what, window);
    this.#checksumSize = checksumSize;
    this.#isInside = true;
    this.#isLastBlock = false;
    return true;
  }

  #readBlockHeader(): void {
    if (this.#head.length < 3) return;
    const header = littleEndian(this.#head.splice(0));
    const isRunLength = ((header >> 1) & 3) === 1;
    this.#isLastBlock = (header & 1) === 1;
    this.#left = (isRunLength ? 1 : header >> 3) + (this.#isLastBlock ? this.#checksumSize : 0);
  }
}

/** Whether bytes begin with a zstd frame, or with one that is skipped, as those of parallel compressors do. */
export function isZstd(head: Uint8Array): boolean {
  const magic = head.length < 4 ? 0 : littleEndian([...head.subarray(0, 4)]);
  return magic === frameMagic || isSkippable(magic);
}

const frameMagic = 0xfd2fb528;

function isSkippable(magic: number): boolean {
  return magic >= 0x184d2a50 && magic <= 0x184d2a5f;
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

function tooLarge(what: string, window: number): OciEncError {
  const needed = Math.ceil(window / 2 ** 20);
  return new OciEncError(
    "UNSUPPORTED",
    `${what} needs ${needed} MiB of memory to be decompressed as zstd; 128 are allowed`,
  );
}

function damaged(what: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} is damaged: ${why}`);
}
