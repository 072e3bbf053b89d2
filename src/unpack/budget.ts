import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";

/** How much an image may unpack to. */
export interface UnpackLimits {
  /** Members of all layers together; default one million. */
  readonly entries?: number | undefined;
  /** Bytes of all layers together, holes of sparse files included; default 1 TiB. */
  readonly bytes?: number | undefined;
  /** Bytes for each byte of a layer as it is stored; default 1000. The first 16 MiB of a layer are free. */
  readonly ratio?: number | undefined;
}

/** Counts what an image unpacks to. Every method throws UNSUPPORTED, naming the option, when a limit is passed. */
export interface Budget {
  countEntry(): void;
  /** Bytes that appear without having been in the layer: those of holes. */
  spend(bytes: number): void;
  /** Passes on what a stored layer of `storedSize` bytes has become, and counts it. */
  limiting(bytes: ByteStream, storedSize: number): ByteStream;
}

/** So much any layer may have, however well it is compressed. */
const allowance = 16 * 1024 * 1024;

/** A budget for one image. */
export function openBudget(limits: UnpackLimits = {}): Budget {
  const { entries = 1_000_000, bytes: most = 2 ** 40, ratio = 1000 } = limits;
  let counted = 0;
  let spent = 0;
  let inLayer = 0;
  let layerLimit = Number.POSITIVE_INFINITY;
  const spend = (bytes: number) => {
    spent += bytes;
    inLayer += bytes;
    if (spent > most) throw passed(`the image unpacks to more than ${most} bytes`, "--limit-bytes");
    if (inLayer > layerLimit) {
      throw passed(`a layer unpacks to more than ${ratio} times the bytes that it has`, "--limit-ratio");
    }
  };
  return {
    countEntry() {
      counted += 1;
      if (counted > entries) throw passed(`the image has more than ${entries} files`, "--limit-entries");
    },
    spend,
    async *limiting(bytes, storedSize) {
      inLayer = 0;
      layerLimit = Math.max(allowance, storedSize * ratio);
      for await (const chunk of bytes) {
        spend(chunk.length);
        yield chunk;
      }
    },
  };
}

function passed(message: string, option: string): OciEncError {
  return new OciEncError("UNSUPPORTED", message, {
    hint: `it may be made to fill the disk; if it is known to be sound, raise the limit with ${option}`,
  });
}
