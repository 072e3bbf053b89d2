import { OciEncError } from "../errors.js";
import type { ByteStream } from "./byte-stream.js";

/** How large an image, or an archive of images, may become. Undefined: the default for what is read. */
export interface GrowthLimits {
  /** Members: of all layers of an image together (one million), or of an archive (65,536). */
  readonly entries?: number | undefined;
  /** Bytes of all layers together, or of an archive, holes of sparse files included; default 1 TiB. */
  readonly bytes?: number | undefined;
  /** Bytes for each compressed byte: of a layer (1000), or of an archive (100). So much is free in any case: 16 MiB of a layer, 384 MiB of an archive. */
  readonly ratio?: number | undefined;
}

/**
 * Counts what decompressing and unpacking produces. Every method throws UNSUPPORTED when a limit is exceeded, with the limit
 * and its option in the message.
 */
export interface Budget {
  /** One more member, or directory without a member. */
  countEntry(): void;
  /** Bytes that were not in the input: holes, and attributes that a global header gives to many members. */
  spend(bytes: number): void;
  /** Bytes of names and attributes that stay in memory. */
  hold(bytes: number): void;
  /** Passes on the decompressed bytes of `storedSize` compressed ones, and counts them. */
  limiting(bytes: ByteStream, storedSize: number): ByteStream;
}

/** What is decompressed: an image to unpack, an archive, or a layer that is only hashed. */
export type GrowthKind = "image" | "archive" | "check";

interface GrowthRule {
  /** For messages: what is limited in all, and what the ratio is for. */
  readonly whole: string;
  readonly part: string;
  readonly entries: number;
  readonly ratio: number;
  /** Bytes that a part may have whatever its ratio. */
  readonly allowance: number;
  /** Bytes that may stay in memory for each entry that is allowed. */
  readonly heldPerEntry: number;
}

/** Bytes of anything, by default. */
const mostBytes = 2 ** 40;

/** The limits of each kind: a layer is written as files, an archive as a whole, and a check writes nothing. */
const rules: Readonly<Record<GrowthKind, GrowthRule>> = {
  image: {
    whole: "the image",
    part: "a layer",
    entries: 1_000_000,
    ratio: 1000,
    allowance: 16 * 1024 * 1024,
    heldPerEntry: 256,
  },
  archive: {
    whole: "the archive",
    part: "the archive",
    entries: 65_536,
    ratio: 100,
    allowance: 384 * 1024 * 1024,
    heldPerEntry: 512,
  },
  check: {
    whole: "a layer",
    part: "a layer",
    entries: 1_000_000,
    ratio: 1000,
    allowance: 4 * 1024 * 1024 * 1024,
    heldPerEntry: 256,
  },
};

/** A budget for one image, one archive, or one layer that is only compared. */
export function openBudget(kind: GrowthKind, limits: GrowthLimits = {}): Budget {
  const rule = rules[kind];
  const { entries = rule.entries, bytes: most = mostBytes, ratio = rule.ratio } = limits;
  const heldLimit = entries * rule.heldPerEntry;
  let counted = 0;
  let spent = 0;
  let held = 0;
  let inPart = 0;
  let part = { size: 0, limit: Number.POSITIVE_INFINITY };
  const spend = (bytes: number) => {
    spent += bytes;
    inPart += bytes;
    if (spent > most) throw passed(`${rule.whole} unpacks to more than ${most} bytes`, "--limit-bytes");
    if (inPart > part.limit) {
      const grown = `${rule.part} of ${part.size} bytes unpacks to more than ${part.limit} bytes, more than ${ratio} times as many`;
      throw passed(grown, "--limit-ratio");
    }
  };
  return {
    countEntry() {
      counted += 1;
      if (counted > entries) throw passed(`${rule.whole} has more than ${entries} files`, "--limit-entries");
    },
    spend,
    hold(bytes) {
      held += bytes;
      if (held <= heldLimit) return;
      const what = `the names and attributes in ${rule.whole} take more than ${heldLimit} bytes`;
      throw passed(`${what}, ${rule.heldPerEntry} for each of ${entries} files`, "--limit-entries");
    },
    async *limiting(bytes, storedSize) {
      inPart = 0;
      part = { size: storedSize, limit: Math.max(rule.allowance, storedSize * ratio) };
      for await (const chunk of bytes) {
        spend(chunk.length);
        yield chunk;
      }
    },
  };
}

function passed(message: string, option: string): OciEncError {
  return new OciEncError("UNSUPPORTED", message, {
    hint: `it may be made to fill the disk or the memory; if you trust it, raise the limit with ${option}`,
  });
}
