import { trustKind } from "../sign/kinds.js";
import type { TrustSpec } from "../sign/trust-spec.js";
import { evaluatePolicy } from "./evaluate.js";
import { fits } from "./identity.js";
import type { PolicyChecker } from "./policy-checker.js";
import { readPolicy } from "./policy-file.js";
import type { Policy } from "./policy-json.js";
import { givenName, type PolicySubject } from "./subject.js";
import type { TrustRules } from "./trust-rules.js";
import { verifierChecker } from "./verifier-checker.js";

/**
 * The checkers that rules name, in the order in which they are asked: policy.json, the Notary trust policy, the keys.
 * CORRUPT for rules that are malformed, KEY_INVALID for such keys, NOT_FOUND for a file that was named and is not there.
 */
export async function checkersOf(rules: TrustRules, image: PolicySubject): Promise<readonly PolicyChecker[]> {
  const policy = rules.insecurePolicy ? undefined : await readPolicy(rules.policy, rules.policyDialect);
  const trust = rules.trust ?? [];
  return [
    ...(policy ? [policyJsonChecker(policy, rules, image)] : []),
    ...(rules.trustPolicy === undefined ? [] : [await loadNotaryChecker(rules, image)]),
    ...(trust.length === 0 ? [] : [await keysChecker(trust, rules)]),
  ];
}

/** What reads envelopes and certificates is much, and most images are not asked for a trust policy. */
async function loadNotaryChecker(rules: TrustRules, image: PolicySubject): Promise<PolicyChecker> {
  const { notaryChecker } = await import("./notary-checker.js");
  return await notaryChecker(rules, image);
}

function policyJsonChecker(policy: Policy, rules: TrustRules, { location }: PolicySubject): PolicyChecker {
  return {
    id: "policy",
    title: `${policy.origin} lets the image pass`,
    async check(image, find) {
      const outcome = await evaluatePolicy(policy, {
        location,
        images: [image],
        find,
        now: new Date(),
        keys: { base: process.cwd(), environment: rules.offline ? {} : process.env, signal: rules.signal },
        ...(rules.bundleIdentity === "any" ? { bundleIdentity: "any" } : {}),
      });
      const by = `the entry ${outcome.entry} of ${policy.origin}`;
      switch (outcome.verdict) {
        case "accepted":
          return { kind: "accepted", by: outcome.by };
        case "not judged":
          return { kind: "not judged", why: `${by} accepts anything` };
        case "refused":
          return { kind: "refused", code: outcome.code, reasons: outcome.reasons.map((why) => `${by}: ${why}`) };
      }
    },
  };
}

async function keysChecker(specs: readonly TrustSpec[], rules: TrustRules): Promise<PolicyChecker> {
  const verifiers = await Promise.all(specs.map((spec) => trustKind(spec.kind).load(spec, rules.claims ?? {})));
  const identity = rules.identity === undefined ? undefined : givenName(rules.identity);
  const names = { id: "trust", title: `signed by ${verifiers.map(({ name }) => name).join(" or ")}` };
  const fitting = identity && ((claimed: string) => fits({ type: "matchRepoDigestOrExact" }, identity, claimed));
  return verifierChecker(names, { verifiers, claims: rules.claims ?? {}, identity: fitting });
}
