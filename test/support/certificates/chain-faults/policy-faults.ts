import { der, tags } from "../../../../src/keys/x509/der.js";
import { otherPolicy, policy } from "../draft-chain.js";
import { ids, inhibitAny, mappings, policies, policyConstraints } from "../draft-extensions.js";
import type { CertificateDraft } from "../handmade-certificate.js";
import {
  all,
  anyIssued,
  type ChainFault,
  drop,
  leaf,
  lowestAuthority,
  odd,
  put,
  refusedByBoth,
  refusedHere,
  root,
  topIntermediate,
} from "./spoil.js";

const noPolicy = /no certificate policy/;
const anyPolicy = `${ids.policies}.0`;

/** The top intermediate demands a policy of every chain, and all below the root are for one. */
function demand(chain: CertificateDraft[], pick: number): void {
  topIntermediate(put(policyConstraints(0, undefined)))(chain, pick);
  for (const draft of chain.slice(0, -1)) put(policies(policy))(draft);
}

/** Policies, sections 4.2.1.4, 4.2.1.5, 4.2.1.11 and 4.2.1.14. OpenSSL does not look at what a root says of them. */
export const policyFaults: readonly ChainFault[] = [
  refusedByBoth("no policy where one is demanded", noPolicy, all(demand, leaf(drop(ids.policies))), 3),
  refusedByBoth("another policy than the authorities'", noPolicy, all(demand, leaf(put(policies(otherPolicy)))), 3),
  refusedByBoth(
    "any policy where that counts no more",
    noPolicy,
    all(demand, topIntermediate(put(inhibitAny(0))), leaf(put(policies(anyPolicy)))),
    3,
  ),
  refusedByBoth(
    "a mapping that is forbidden",
    noPolicy,
    all(
      demand,
      topIntermediate(put(policyConstraints(0, 0))),
      lowestAuthority(put(mappings([policy, otherPolicy]))),
      leaf(put(policies(otherPolicy))),
    ),
    4,
  ),
  refusedByBoth(
    "the issuer's policy where it is mapped to another",
    noPolicy,
    all(demand, topIntermediate(put(mappings([policy, otherPolicy])))),
    3,
  ),
  refusedHere(
    "no policy where the root demands one",
    noPolicy,
    all(root(put(policyConstraints(0, undefined))), leaf(drop(ids.policies))),
  ),
  refusedByBoth(
    "a mapping of any policy",
    /stands for all/,
    topIntermediate(put(policies(policy)), put(mappings([policy, anyPolicy]))),
    3,
  ),
  refusedByBoth("a policy twice", /policy twice/, anyIssued(put(policies(policy, policy)))),
  refusedByBoth(
    "policy constraints that say nothing",
    /malformed policy constraints/,
    anyIssued(odd(ids.policyConstraints, true, der(tags.sequence))),
  ),
  refusedHere(
    "a leaf that maps policies",
    /leaf .* with policy mappings/,
    leaf(put(policies(policy)), put(mappings([policy, otherPolicy]))),
  ),
  refusedHere("a leaf that limits any policy", /leaf .* with a limit/, leaf(put(inhibitAny(0)))),
];
