import { OciEncError } from "../../../src/errors.js";
import type { ImageSource } from "../../../src/transport/transport.js";
import type { MemoryPlace } from "./memory-image.js";

/** A source whose lines break. */
export interface BrokenSource extends ImageSource {
  /** What was asked for: a blob's digest and the first byte. */
  readonly asked: readonly (readonly [string, number])[];
}

/** How it breaks. */
export interface Breakage {
  /** Bytes after which a blob breaks off, each time it is asked for; absent: never. */
  readonly after?: ReadonlyMap<string, number>;
  readonly retries?: number;
}

const chunk = 10_000;

/** The image `app` of a place, in small pieces, until the line breaks. */
export function brokenSource(place: MemoryPlace, { after, retries = 0 }: Breakage = {}): BrokenSource {
  const asked: [string, number][] = [];
  return {
    ...place.source("app"),
    asked,
    retries,
    async *blob({ digest }, from = 0) {
      asked.push([digest, from]);
      const bytes = place.content(digest);
      const end = Math.min(bytes.length, from + (after?.get(digest) ?? bytes.length));
      for (let at = from; at < end; at += chunk) yield bytes.subarray(at, Math.min(end, at + chunk));
      if (end < bytes.length) throw new OciEncError("UNAVAILABLE", "the line broke", { retryable: true });
    },
  };
}
