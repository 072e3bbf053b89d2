import { isEncrypted } from "../../oci/media-type.js";
import { printPlatform } from "../../oci/platform.js";
import type { Progress } from "../../progress.js";
import { type LayerPlan, manifestsOf, type Plan } from "../plan/plan.js";

/** Warns of what a transform for some platforms leaves as it is: whole platforms, and plain layers that they share. */
export function warnUnchangedPlatforms(plan: Plan, progress: Progress): void {
  const manifests = manifestsOf(plan);
  for (const { asked, platform } of manifests) {
    if (asked || !platform) continue;
    const message = `the image for ${printPlatform(platform)} stays as it is`;
    progress({ type: "warning", code: "PLATFORM_KEPT", message });
  }
  const layers = manifests.flatMap((manifest) => manifest.layers.map((entry) => ({ ...entry, ...manifest })));
  const encrypted = new Set(layers.filter(isEncrypting).map(({ layer }) => layer.digest));
  for (const { layer, index, platform, change } of layers) {
    if (change.kind !== "keep" || isEncrypted(layer.mediaType) || !encrypted.has(layer.digest)) continue;
    const where = platform ? ` of ${printPlatform(platform)}` : "";
    const message = `layer ${index}${where} (${layer.digest}) is encrypted elsewhere in the image, and stays plain here`;
    progress({ type: "warning", code: "SHARED_LAYER_PLAIN", message });
  }
}

function isEncrypting({ change }: LayerPlan): boolean {
  return change.kind === "reuse" || (change.kind === "rewrite" && change.action === "encrypt");
}
