import { readOwnedFile } from "../../files/owned-file.js";
import { readClassRules } from "../../policy/classes.js";
import { readPolicy } from "../../policy/policy-file.js";
import type { TrustRules } from "../../policy/trust-rules.js";
import { trustKind } from "../../sign/kinds.js";
import { readTrustPolicy } from "../../sign/notary/notation-directory.js";
import type { TrustSpec } from "../../sign/trust-spec.js";
import type { Demands } from "./verifier-rules.js";

/** Keyrings, certificates and policies are smaller. */
const sizeLimit = 4 * 1024 * 1024;

/**
 * What is demanded, for the policy gate, the keys that it names having been read. Nothing else counts than what the rule
 * names: no policy.json and no image classes of the machine or of its user. USAGE for a file that others than its owner could
 * have written, NOT_FOUND, LOCAL_IO.
 */
export async function trustRules(demands: Demands): Promise<TrustRules> {
  const { policy, trustPolicy, trustStore, classes, requireEncrypted, requireSigned } = demands;
  for (const path of [policy, trustPolicy, classes]) if (path !== undefined) await readTrusted(path);
  return {
    trust: await Promise.all(demands.trust.map(readTrustSpec)),
    policy,
    insecurePolicy: policy === undefined,
    trustPolicy,
    trustStore,
    classes: classes ?? { kind: "none" },
    requireEncrypted,
    requireSigned,
    instanceSignatures: demands.instanceSignatures,
    bundleIdentity: demands.bundleIdentity,
  };
}

/** Reads all that is demanded by, as {@link trustRules}, and finds out whether it makes sense. KEY_INVALID, CORRUPT. */
export async function readDemandedFiles(demands: Demands): Promise<void> {
  const { trust = [], policy, classes } = await trustRules(demands);
  if (policy !== undefined) await readPolicy(policy);
  if (demands.trustPolicy !== undefined) await readTrustPolicy(demands.trustPolicy);
  await readClassRules(classes);
  for (const spec of trust) await trustKind(spec.kind).load(spec, {});
}

async function readTrustSpec({ kind, path }: Demands["trust"][number]): Promise<TrustSpec> {
  return { kind, value: await readTrusted(path), origin: path };
}

async function readTrusted(path: string): Promise<Uint8Array> {
  return await readOwnedFile(path, { what: "the file", limit: sizeLimit });
}
