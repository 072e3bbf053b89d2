import { OciEncError } from "../errors.js";
import { isEncrypted } from "../oci/media-type.js";
import type { ImageTarget } from "../transport/transport.js";
import { type LayerPlan, manifestsOf, type Plan } from "./plan.js";

/** UNSUPPORTED when the target cannot hold what the plan would make; asked before any byte moves. */
export function requireRoom(target: ImageTarget, plan: Plan): void {
  const encrypted = manifestsOf(plan).some(({ layers }) => layers.some(endsSealed));
  const reason = target.refuses?.(plan.descriptor, { encrypted });
  if (reason === undefined) return;
  throw new OciEncError("UNSUPPORTED", `${target.name} cannot hold this image: ${reason}`, { side: "target" });
}

function endsSealed({ layer, change }: LayerPlan): boolean {
  if (change.kind === "rewrite") return change.action !== "decrypt";
  return isEncrypted(layer.mediaType);
}
