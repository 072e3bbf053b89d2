import { OciEncError } from "../errors.js";
import {
  findTrustPolicy,
  notationDirectory,
  readTrustPolicy,
  trustStoreDirectory,
} from "../sign/notary/notation-directory.js";
import { notaryVerifier } from "../sign/notary/policy-verifier.js";
import { selectStatement, type TrustPolicy } from "../sign/notary/trust/trust-policy.js";
import { openTrustStores } from "../sign/notary/trust/trust-store.js";
import type { PolicyChecker } from "./policy-checker.js";
import type { PolicySubject } from "./subject.js";
import type { TrustRules } from "./trust-rules.js";
import { verifierChecker } from "./verifier-checker.js";

/** The checker of the Notary trust policy that rules name, or of notation's own. NOT_FOUND where there is none. */
export async function notaryChecker(rules: TrustRules, { identity }: PolicySubject): Promise<PolicyChecker> {
  const policy = await notaryPolicy(rules.trustPolicy);
  const statement = selectStatement(policy, identity);
  const names = { id: "trust-policy", title: `the Notary trust policy ${policy.origin} lets the image pass` };
  if (statement.level === "skip") {
    const why = `its statement ${JSON.stringify(statement.name.slice(0, 120))} skips verification`;
    return { ...names, check: async () => ({ kind: "not judged", why }) };
  }
  const stores = openTrustStores(rules.trustStore ?? trustStoreDirectory(notationDirectory()));
  return verifierChecker(names, { verifiers: [notaryVerifier(statement, stores)], claims: rules.claims ?? {} });
}

async function notaryPolicy(named: TrustRules["trustPolicy"]): Promise<TrustPolicy> {
  if (typeof named === "string") return await readTrustPolicy(named);
  const directory = notationDirectory();
  const found = await findTrustPolicy(directory);
  if (found) return found;
  throw new OciEncError("NOT_FOUND", `${JSON.stringify(directory)} holds no trust policy`, {
    hint: "write trustpolicy.oci.json there, or name one with --trust-policy",
  });
}
