import { randomBytes } from "node:crypto";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { openSource, openTarget } from "../../../src/transport/index.js";
import type { EndpointOptions } from "../../../src/transport/transport.js";
import { bringImage } from "./bring-image.js";
import { addImage, MemoryPlace } from "./memory-image.js";

/** An image as it was written somewhere. */
export interface WrittenImage {
  readonly place: MemoryPlace;
  readonly root: Descriptor;
}

/** Writes an image of random layers, of these sizes, under a reference. */
export async function writeImage(
  reference: string,
  sizes: readonly number[],
  options: EndpointOptions = {},
): Promise<WrittenImage> {
  const place = new MemoryPlace();
  const mediaType = "application/vnd.oci.image.layer.v1.tar";
  const root = addImage(place, { layers: sizes.map((size) => ({ mediaType, bytes: randomBytes(size) })) });
  await using target = await openTarget(reference, options);
  await bringImage(place, root, target);
  return { place, root };
}

/** The digest of the image of this reference. */
export async function digestAt(reference: string): Promise<string> {
  await using source = await openSource(reference);
  return (await source.resolve()).digest;
}
