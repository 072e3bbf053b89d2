import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { checkContent, manifestLimit } from "../../oci/manifest.js";
import { blobPath } from "./blob-file.js";
import { readRegular } from "./regular-file.js";

/** A manifest or index of a layout whole, its size and digest checked. NOT_FOUND; CORRUPT, unread when it is too large. */
export async function readManifest(layout: string, descriptor: Descriptor): Promise<Uint8Array> {
  if (descriptor.size > manifestLimit) {
    throw new OciEncError(
      "CORRUPT",
      `the manifest ${descriptor.digest} is said to have ${descriptor.size} bytes; ${manifestLimit} are allowed`,
    );
  }
  const bytes = await readRegular(layout, blobPath(descriptor.digest), manifestLimit);
  checkContent(bytes, descriptor);
  return bytes;
}
