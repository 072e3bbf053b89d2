import type { ContentId } from "../oci/descriptor.js";
import { type DigestAlgorithm, digestFrom } from "../oci/digest.js";
import type { ByteStream } from "./byte-stream.js";
import { createHasher } from "./create-hasher.js";

/** A stream that is hashed and counted as it passes. */
export interface Digested {
  readonly bytes: ByteStream;
  /** Throws a plain Error, a bug of the caller, until `bytes` has been drained. */
  sum(): ContentId;
}

/** Hashes the bytes that pass. `size` is their expected number, as far as known; only speed depends on it. */
export function digesting(bytes: ByteStream, size: number, algorithm: DigestAlgorithm = "sha256"): Digested {
  let sum: ContentId | undefined;
  async function* pass(): AsyncGenerator<Uint8Array> {
    const hasher = createHasher({ algorithm, size });
    let count = 0;
    try {
      for await (const chunk of bytes) {
        await hasher.update(chunk);
        count += chunk.length;
        yield chunk;
      }
      sum = { digest: digestFrom(algorithm, await hasher.digest()), size: count };
    } finally {
      hasher.close();
    }
  }
  return {
    bytes: pass(),
    sum() {
      if (!sum) throw new Error("the sum of a stream was asked for before its end");
      return sum;
    },
  };
}
