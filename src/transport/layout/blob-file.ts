import { algorithmOf, type Digest, hexOf } from "../../oci/digest.js";
import { findRegular } from "./regular-file.js";

/** Where a blob lies, relative to its layout. Image-spec, "image-layout", section Blobs. */
export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** The size of a blob that is there; undefined when it is not. CORRUPT as `findRegular` says. */
export async function blobSize(layout: string, digest: Digest): Promise<number | undefined> {
  return (await findRegular(layout, blobPath(digest)))?.size;
}
