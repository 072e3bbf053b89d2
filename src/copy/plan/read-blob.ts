import { readAll } from "../../bytes/read-all.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { ImageSource } from "../../transport/transport.js";

/** A small blob whole, checked. CORRUPT when it is larger than `limit` or not what its descriptor promises. */
export async function readBlob(source: ImageSource, descriptor: Descriptor, limit: number): Promise<Uint8Array> {
  return await readAll(source.blob(descriptor), descriptor, limit);
}
