import type { Digest } from "../../oci/digest.js";
import { type ChildPlan, manifestsOf, type Plan } from "../plan/plan.js";

/** The digests of a plan's manifests and indexes that the image has at the target too, the root's first. */
export function keptDigests(plan: ChildPlan): readonly Digest[] {
  const { digest } = plan.descriptor;
  switch (plan.kind) {
    case "opaque":
    case "unread":
      return [digest];
    case "manifest":
      return plan.layers.every(({ change }) => change.kind === "keep") ? [digest] : [];
    case "index": {
      const below = plan.children.map(({ plan: child, kept }) => (kept ? keptDigests(child) : []));
      const whole = plan.children.every(({ plan: child }, index) => below[index]?.includes(child.descriptor.digest));
      return [...new Set([...(whole ? [digest] : []), ...below.flat()])];
    }
  }
}

/** Those of the root and of the manifests below it that the image has no more once the plan is carried out. */
export function lostDigests(plan: Plan): readonly Digest[] {
  const kept = new Set(keptDigests(plan));
  const all = [plan, ...manifestsOf(plan)].map(({ descriptor }) => descriptor.digest);
  return [...new Set(all)].filter((digest) => !kept.has(digest));
}
