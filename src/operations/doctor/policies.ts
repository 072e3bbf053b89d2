import { readClassRules } from "../../policy/classes.js";
import { readPolicy } from "../../policy/policy-file.js";
import type { TrustRules } from "../../policy/trust-rules.js";
import { findTrustPolicy, notationDirectory, readTrustPolicy } from "../../sign/notary/notation-directory.js";
import { type Found, good } from "./finding.js";

/** Which files of rules there may be; each undefined: the usual one. */
export type RuleFiles = Pick<TrustRules, "policy" | "policyDialect" | "classes"> & {
  readonly trustPolicy?: string | undefined;
};

/** Which images are let in, by policy.json. */
export async function checkPolicy({ policy, policyDialect }: RuleFiles): Promise<Found> {
  const found = await readPolicy(policy, policyDialect);
  if (found !== undefined) return good("policy.json can be used");
  return good("there is no policy.json: images need no signature, unless --trust or --require-signed asks for one");
}

/** The Notary Project's trust policy, which counts where it is asked for. */
export async function checkTrustPolicy({ trustPolicy }: RuleFiles): Promise<Found> {
  const found =
    trustPolicy === undefined ? await findTrustPolicy(notationDirectory()) : await readTrustPolicy(trustPolicy);
  return good(found === undefined ? "there is none, and --trust notary is not usable" : "it can be used");
}

/** Which unencrypted images may be used. */
export async function checkClasses({ classes }: RuleFiles): Promise<Found> {
  const { plainSigned, plainUnsigned } = await readClassRules(classes);
  return good(`unencrypted images: ${plainSigned} signed ones, ${plainUnsigned} unsigned ones`);
}
