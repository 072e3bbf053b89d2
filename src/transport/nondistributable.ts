import type { Descriptor } from "../oci/descriptor.js";
import { layerKind } from "../oci/media-type.js";

/**
 * Whether a layer need not be where its image is: it must not be distributed freely, and says where it is to be had.
 * Image-spec, "layer", section Non-Distributable Layers. For targets, when they check that an image is whole.
 */
export function isNondistributable({ mediaType, urls }: Descriptor): boolean {
  return layerKind(mediaType)?.nondistributable === true && urls !== undefined && urls.length > 0;
}
