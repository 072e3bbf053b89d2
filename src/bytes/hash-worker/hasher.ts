import { createHash, createHmac } from "node:crypto";
import type { DigestAlgorithm } from "../../oci/digest.js";

/** A hash or HMAC being computed over chunks in order. */
export interface Hasher {
  /** A promise when the caller should wait before the next chunk. Nobody changes the chunk: see byte-stream.ts. */
  update(chunk: Uint8Array): Promise<void> | undefined;
  /** The raw result; once, after the last chunk. */
  digest(): Promise<Uint8Array>;
  /** Frees a hasher without asking for its result. Does nothing after `digest`. */
  close(): void;
}

/** What to compute. */
export interface HashOptions {
  readonly algorithm: DigestAlgorithm;
  /** With a key it is an HMAC (RFC 2104). */
  readonly key?: Uint8Array | undefined;
}

/** A hasher on this thread. */
export function localHasher({ algorithm, key }: HashOptions): Hasher {
  const hash = key ? createHmac(algorithm, key) : createHash(algorithm);
  return {
    update(chunk) {
      hash.update(chunk);
      return undefined;
    },
    async digest() {
      return hash.digest();
    },
    close() {},
  };
}
