import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { isEncrypted } from "../../oci/media-type.js";
import type { ImageTarget } from "../../transport/transport.js";
import { type LayerPlan, manifestsOf, type Plan } from "../plan/plan.js";
import { rewriteManifest } from "./rewrite.js";

/**
 * UNSUPPORTED when the target cannot hold what the plan would make, or what is to go along and may not be left out without
 * a word from the caller; asked before any byte moves.
 */
export function checkTargetSupports(target: ImageTarget, plan: Plan, attached: boolean = false): void {
  const encrypted = manifestsOf(plan).some(({ layers }) => layers.some(endsSealed));
  const reason = target.refuses?.(plan.descriptor, { encrypted, attached });
  if (reason === undefined) return;
  const alone = target.refuses?.(plan.descriptor, { encrypted, attached: false }) === undefined;
  const hint = alone ? "--remove-signatures leaves out what belongs to the image" : encrypted ? keeps : undefined;
  throw new OciEncError("UNSUPPORTED", `${target.name} cannot hold this image: ${reason}`, { side: "target", hint });
}

const keeps = "an encrypted image goes to a registry, oci:DIR, oci-archive:FILE, dir:DIR or the local store";

/** UNSUPPORTED when a manifest would grow beyond what readers allow, as far as the plan knows; asked before any byte moves. */
export function checkManifestSizes(plan: Plan): void {
  for (const { view, layers } of manifestsOf(plan)) rewriteManifest(view, layers.map(estimating));
}

function estimating({ layer, change }: LayerPlan): Descriptor {
  if (change.kind === "keep") return layer;
  return change.kind === "rewrite" ? (change.estimate?.(layer) ?? layer) : change.relabel(layer);
}

function endsSealed({ layer, change }: LayerPlan): boolean {
  if (change.kind === "rewrite") return change.action !== "decrypt";
  return change.kind === "reuse" || isEncrypted(layer.mediaType);
}
