import { verifying } from "../bytes/verifying.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { ImageSource } from "../transport/transport.js";

/** A small blob whole, checked. CORRUPT when it is larger than `limit` or not what its descriptor promises. */
export async function readBlob(source: ImageSource, descriptor: Descriptor, limit: number): Promise<Uint8Array> {
  if (descriptor.size > limit) {
    throw new OciEncError("CORRUPT", `${descriptor.digest} has ${descriptor.size} bytes; ${limit} are allowed here`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifying(source.blob(descriptor), descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
