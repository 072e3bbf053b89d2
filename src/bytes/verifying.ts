import { OciEncError } from "../errors.js";
import type { ContentId } from "../oci/descriptor.js";
import { algorithmOf, digestFrom } from "../oci/digest.js";
import type { ByteStream } from "./byte-stream.js";
import { createHasher } from "./create-hasher.js";

/**
 * Passes bytes on and fails inside the stream (CORRUPT, retryable) when size or digest are not those expected. Stops at the
 * first byte too many. The last chunk is passed on only when the digest is right.
 */
export async function* verifying(bytes: ByteStream, promised: ContentId): AsyncGenerator<Uint8Array> {
  const algorithm = algorithmOf(promised.digest);
  const hasher = createHasher({ algorithm, size: promised.size, threads: 2 });
  let count = 0;
  let held: Uint8Array | undefined;
  try {
    for await (const chunk of bytes) {
      if (chunk.length === 0) continue;
      count += chunk.length;
      if (count > promised.size) {
        throw wrong(`${promised.digest} is longer than the ${promised.size} bytes of its descriptor`);
      }
      await hasher.update(chunk);
      if (held) yield held;
      held = chunk;
    }
    if (count !== promised.size) {
      throw wrong(`${promised.digest} ended after ${count} of ${promised.size} bytes`);
    }
    const digest = digestFrom(algorithm, await hasher.digest());
    if (digest !== promised.digest) throw wrong(`the content of ${promised.digest} has the digest ${digest}`);
    if (held) yield held;
  } finally {
    hasher.close();
  }
}

function wrong(message: string): OciEncError {
  return new OciEncError("CORRUPT", message, { retryable: true });
}
