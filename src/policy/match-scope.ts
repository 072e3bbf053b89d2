import type { Policy, PolicyEntry } from "./policy-json.js";
import type { PolicyLocation } from "./policy-location.js";
import { quoted } from "./strict-members.js";

/** The most specific entry for an image; nothing of the others counts. */
export function matchScope(policy: Policy, { transport, scopes }: PolicyLocation): PolicyEntry {
  const entries = policy.transports.get(transport);
  for (const scope of scopes) {
    const requirements = entries?.get(scope);
    if (requirements !== undefined) return { name: `transports.${transport}[${quoted(scope)}]`, requirements };
  }
  return { name: "default", requirements: policy.default };
}
