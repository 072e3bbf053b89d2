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

/** The same; undefined where an index names it and it is not there, as of platforms that a mirror leaves out. */
export async function readManifestIfThere(layout: string, descriptor: Descriptor): Promise<Uint8Array | undefined> {
  return await ifThere(readManifest(layout, descriptor));
}

/** What is being read; undefined where it is not there. */
export async function ifThere(reading: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  return await reading.catch((error: unknown) => {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  });
}
