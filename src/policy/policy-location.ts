import { foreignTransports, transportRows } from "../transport/rows.js";
import type { PolicyScopes } from "../transport/transport.js";

/** Where an image is, as a policy sees it. */
export interface PolicyLocation {
  /** As `policy.json` names it: `docker`, `oci`, `dir`. */
  readonly transport: string;
  /** The scopes that speak of the image, the most specific one first, and last the transport's own, which is empty. */
  readonly scopes: readonly string[];
}

/** The location of an image of the transport that `policy.json` calls `transport`. */
export function policyLocation(
  transport: string,
  scopes: PolicyScopes,
  image: Parameters<PolicyScopes["of"]>[0],
): PolicyLocation {
  return { transport, scopes: [...scopes.of(image), ""] };
}

/** Whether a scope can be one of this transport's; those of unknown transports are not looked at. */
export function isScope(transport: string, scope: string): boolean {
  return scope === "" || (scopesByName.get(transport)?.accepts(scope) ?? true);
}

const scopesByName: ReadonlyMap<string, PolicyScopes | undefined> = new Map([
  ...transportRows.map(({ policy }) => [policy.name, policy.scopes] as const),
  ...foreignTransports,
]);

/** The transports that messages about a policy name; others may be there, and are not ours. */
export const namedTransports: readonly string[] = [...scopesByName.keys()];
