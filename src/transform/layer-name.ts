import type { Descriptor } from "../oci/descriptor.js";
import { printPlatform } from "../oci/platform.js";
import type { LayerContext } from "./layer-transform.js";

/** A layer as messages name it: `layer 2 of linux/amd64 (sha256:…)`. */
export function layerName(layer: Descriptor, { index, platform }: Pick<LayerContext, "index" | "platform">): string {
  return `layer ${index}${platform ? ` of ${printPlatform(platform)}` : ""} (${layer.digest})`;
}
