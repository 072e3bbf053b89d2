import { OciEncError } from "../errors.js";
import type { ContentId } from "../oci/descriptor.js";
import type { ByteStream } from "./byte-stream.js";
import { verifying } from "./verifying.js";

/** Reads and verifies small content. CORRUPT, before reading, when it is larger than `limit`; CORRUPT when size or digest differ. */
export async function readAll(bytes: ByteStream, promised: ContentId, limit: number): Promise<Uint8Array> {
  if (promised.size > limit) {
    throw new OciEncError("CORRUPT", `${promised.digest} has ${promised.size} bytes; ${limit} are allowed here`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifying(bytes, promised)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
