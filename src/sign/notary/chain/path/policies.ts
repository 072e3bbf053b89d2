import { brokenChain } from "../broken-chain.js";
import type { SigningCertificate } from "../certificate.js";
import { anyPolicy, type PolicyExtensions, readPolicyExtensions } from "./policy-extensions.js";

/**
 * RFC 5280 section 6.1 for a user who accepts every policy: a chain is refused when an authority demands that there be a
 * policy for the whole of it, and there is none. The root's own constraints count, too. `certificates`: leaf first.
 * UNTRUSTED or CORRUPT.
 */
export function checkPolicies(certificates: readonly SigningCertificate[]): void {
  let limits: Limits = { explicit: certificates.length, mapping: certificates.length, any: certificates.length };
  let valid: ValidPolicies = everyPolicy;
  for (const [index, certificate] of [...certificates.entries()].toReversed()) {
    const said = readPolicyExtensions(certificate);
    const isRoot = index === certificates.length - 1;
    // A root that says nothing of policies is for all of them.
    if (!isRoot || said.policies !== undefined) {
      const mayBeAny = limits.any > 0 || (index > 0 && certificate.isSelfIssued);
      valid = narrowed(valid, said.policies, mayBeAny);
    }
    const explicit = index > 0 ? limits.explicit : lastLimit(limits.explicit, said);
    if (explicit <= 0 && valid.size === 0) {
      const whom = `down to ${certificate.label}`;
      throw brokenChain(`has no certificate policy that holds ${whom}, and an authority demands one`);
    }
    valid = mapped(valid, said.mappings, limits.mapping > 0);
    limits = lowered(limits, said, certificate.isSelfIssued);
  }
}

/** How many more certificates may do without a policy, map policies, be for any policy. */
interface Limits {
  readonly explicit: number;
  readonly mapping: number;
  readonly any: number;
}

/**
 * The lowest level of the tree of RFC 5280: each policy that is valid down to here, with those that the next certificate may
 * name for it. Levels above do not matter to someone who accepts every policy.
 */
type ValidPolicies = ReadonlyMap<string, ReadonlySet<string>>;

const everyPolicy: ValidPolicies = new Map([[anyPolicy, new Set([anyPolicy])]]);

/** Section 6.1.3 (d) and (e). */
function narrowed(above: ValidPolicies, policies: ReadonlySet<string> | undefined, mayBeAny: boolean): ValidPolicies {
  if (policies === undefined) return new Map();
  const expected = new Set([...above.values()].flatMap((set) => [...set]));
  const named = [...policies].filter((policy) => policy !== anyPolicy);
  const kept = named.filter((policy) => expected.has(policy) || above.has(anyPolicy));
  const all = policies.has(anyPolicy) && mayBeAny ? [...kept, ...expected] : kept;
  return new Map(all.map((policy) => [policy, new Set([policy])]));
}

/** Section 6.1.4 (b). */
function mapped(valid: ValidPolicies, mappings: PolicyExtensions["mappings"], mayMap: boolean): ValidPolicies {
  const result = new Map(valid);
  for (const [from, to] of mappings) {
    if (!mayMap) result.delete(from);
    else if (valid.has(from) || valid.has(anyPolicy)) result.set(from, to);
  }
  return result;
}

/** Section 6.1.4 (h) to (j). */
function lowered(limits: Limits, said: PolicyExtensions, isSelfIssued: boolean): Limits {
  const step = isSelfIssued ? 0 : 1;
  const next = (limit: number, demanded = limit): number => Math.min(Math.max(limit - step, 0), demanded);
  return {
    explicit: next(limits.explicit, said.requireExplicitPolicy),
    mapping: next(limits.mapping, said.inhibitPolicyMapping),
    any: next(limits.any, said.inhibitAnyPolicy),
  };
}

/** Section 6.1.5 (a) and (b). */
function lastLimit(explicit: number, { requireExplicitPolicy }: PolicyExtensions): number {
  return requireExplicitPolicy === 0 ? 0 : explicit - 1;
}
