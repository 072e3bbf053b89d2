import { OciEncError } from "../errors.js";
import type { Digest, DigestAlgorithm } from "../oci/digest.js";
import type { ByteStream } from "./byte-stream.js";
import { decompressing } from "./decompressing.js";
import { digesting } from "./digesting.js";

/**
 * The digest of what `size` compressed bytes hold: a layer's diff id. Undefined when they cannot be decompressed. Only speed
 * depends on the size.
 */
export async function uncompressedDigest(
  bytes: ByteStream,
  { algorithm, size }: { readonly algorithm: DigestAlgorithm; readonly size: number },
): Promise<Digest | undefined> {
  const digested = digesting(decompressing(bytes), size, algorithm);
  try {
    for await (const _ of digested.bytes);
    return digested.sum().digest;
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") return undefined;
    throw error;
  }
}
