import { OciEncError } from "../errors.js";
import type { Digest, DigestAlgorithm } from "../oci/digest.js";
import { type GrowthLimits, openBudget } from "./budget.js";
import type { ByteStream } from "./byte-stream.js";
import { decompressing } from "./decompressing.js";
import { digesting } from "./digesting.js";

/**
 * The digest of the decompressed content of `size` bytes: a layer's diff id. Undefined when they cannot be decompressed.
 * UNSUPPORTED when they become more than `limits` allow: nothing is stored, but it takes time.
 */
export async function uncompressedDigest(
  bytes: ByteStream,
  {
    algorithm,
    size,
    limits,
  }: { readonly algorithm: DigestAlgorithm; readonly size: number; readonly limits?: GrowthLimits | undefined },
): Promise<Digest | undefined> {
  const digested = digesting(openBudget("check", limits).limiting(decompressing(bytes), size), size, algorithm);
  try {
    for await (const _ of digested.bytes);
    return digested.sum().digest;
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") return undefined;
    throw error;
  }
}
