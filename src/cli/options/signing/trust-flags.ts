import type { TrustRules, TrustSpec } from "../../../doors/index.js";
import type { RuleFiles } from "../../../doors/machine.js";
import { OciEncError } from "../../../errors.js";
import { kindForms } from "../../../sign/kinds.js";
import type { Invocation } from "../../commands/command.js";
import { choice, type Flag, parsed, repeated, single, toggle } from "../flag.js";
import type { FlagValues } from "../flag-values.js";
import { readSecretFile } from "../keys/secret-file.js";

const group = "Trust:";
const topic = "signing";

/** Whose signatures are trusted. */
export const trust: Flag<readonly string[]> = repeated({
  name: "trust",
  placeholder: "SPEC",
  about: `whose signature is required, one of those named: ${kindForms("trust")}, notary (its trust policy)`,
  group,
  topic,
  everyday: true,
});

const policy: Flag<string | undefined> = single({
  name: "policy",
  placeholder: "FILE",
  about: "the policy.json to apply; default the user's, else the system's, else none",
  group,
  topic,
});

/** How policy.json and registries.d are read. */
export const policyDialect: Flag<"containers" | "image-rs"> = choice(
  {
    name: "policy-dialect",
    about: "how policy.json and registries.d are read; image-rs ignores unknown members",
    group,
    topic,
  },
  ["containers", "image-rs"],
);

/** No policy.json at all. */
export const insecurePolicy: Flag<boolean> = toggle({
  name: "insecure-policy",
  about: "apply no policy.json",
  group,
  topic,
});

/** A trust policy of the Notary Project. */
export const trustPolicy: Flag<string | undefined> = single({
  name: "trust-policy",
  placeholder: "FILE",
  about: "a Notary Project trust policy to apply as well",
  group,
  topic,
});

const trustStore: Flag<string | undefined> = single({
  name: "trust-store",
  placeholder: "DIR",
  about: "the Notary Project trust store; default notation's",
  group,
  topic,
});

const requireSigned: Flag<boolean> = toggle({
  name: "require-signed",
  about: "refuse an image without a signature that --trust or a policy accepts",
  group,
  topic,
});

const requireEncrypted: Flag<"all" | "some" | undefined> = {
  ...parsed(
    {
      name: "require-encrypted",
      placeholder: "all|some",
      about: "refuse an image with unencrypted layers",
      group,
      topic,
    },
    (text): "all" | "some" => {
      if (text === "all" || text === "some") return text;
      throw new OciEncError("USAGE", `--require-encrypted: ${JSON.stringify(text)} is none of all, some`);
    },
  ),
  implicitValue: "all",
};

const classes: Flag<string | undefined> = single({
  name: "classes",
  placeholder: "FILE",
  about:
    "which unencrypted images may be used: an image-classes.json; default $XDG_CONFIG_HOME/oci-enc/image-classes.json",
  group,
  topic,
});

const instanceSignatures: Flag<boolean> = toggle({
  name: "instance-signatures",
  about: "require a signature of each image of an index, as skopeo does; default: one of the index is enough",
  group,
  topic,
});

const bundleIdentity: Flag<"none" | "any"> = choice(
  {
    name: "bundle-identity",
    about: "any: let bundles, which name no image, count for sigstoreSigned in policy.json",
    group,
    topic,
  },
  ["none", "any"],
);

/** What `verify` requires of signatures, and all commands that read an image to use it. */
export const signatureFlags: readonly Flag<unknown>[] = [
  trust,
  policy,
  policyDialect,
  insecurePolicy,
  trustPolicy,
  trustStore,
  requireSigned,
  classes,
  instanceSignatures,
  bundleIdentity,
];

/** What every command takes that reads an image in order to use it. */
export const trustFlags: readonly Flag<unknown>[] = [...signatureFlags, requireEncrypted];

/** No policy, or that one. */
export const trustConflicts: readonly (readonly [Flag<unknown>, Flag<unknown>])[] = [[policy, insecurePolicy]];

/** A trust store requires a trust policy. */
export const trustNeeds: readonly (readonly [Flag<unknown>, ...Flag<unknown>[]])[] = [[trustStore, trust, trustPolicy]];

/** Whether a signature, or a class of images, is asked for on the command line. */
export function asksForSignature(options: FlagValues): boolean {
  return [trust, policy, trustPolicy, requireSigned, classes].some((flag) => options.given(flag));
}

/** The files of rules alone. */
export const ruleFileFlags: readonly Flag<unknown>[] = [policy, policyDialect, trustPolicy, classes];

/** What {@link ruleFileFlags} say. */
export function readRuleFiles(options: FlagValues): RuleFiles {
  return {
    policy: options.get(policy),
    policyDialect: options.get(policyDialect),
    trustPolicy: options.get(trustPolicy),
    classes: options.get(classes),
  };
}

/** What {@link trustFlags} say: the rules that the image of a command has to pass. Codes as for {@link readTrust}. */
export async function readRules(invocation: Invocation): Promise<TrustRules> {
  const rules = await readTrust(invocation);
  if (rules.insecurePolicy) {
    const message = "no policy.json is applied to the image: --insecure-policy";
    invocation.progress({ type: "warning", code: "POLICY_IGNORED", message });
  }
  return { ...rules, requireEncrypted: invocation.options.get(requireEncrypted) };
}

/** What {@link signatureFlags} say, for the library. USAGE, and what the reading of key files throws. */
export async function readTrust({ options, progress, signal }: Invocation): Promise<TrustRules> {
  const named = options.get(trust);
  const specs = named.filter((text) => text !== "notary").map((text) => readTrustSpec(text, signal));
  const trusted = await Promise.all(specs);
  return {
    trust: trusted,
    policy: options.get(policy),
    policyDialect: options.get(policyDialect),
    insecurePolicy: options.get(insecurePolicy),
    trustPolicy: options.get(trustPolicy) ?? (named.includes("notary") ? { kind: "default" } : undefined),
    trustStore: options.get(trustStore),
    requireSigned: options.get(requireSigned) || named.length > 0,
    classes: options.get(classes),
    instanceSignatures: options.get(instanceSignatures),
    bundleIdentity: options.get(bundleIdentity),
    progress,
    signal,
  };
}

async function readTrustSpec(text: string, signal: AbortSignal): Promise<TrustSpec> {
  const { trustKind } = await import("../../../doors/internal.js");
  const colon = text.indexOf(":");
  const kind = text.slice(0, Math.max(colon, 0));
  const file = text.slice(colon + 1);
  trustKind(colon < 0 ? text : kind);
  if (colon < 0 || file === "")
    throw new OciEncError("USAGE", `--trust: ${JSON.stringify(text.slice(0, 200))} names no file`);
  return { kind, value: await readSecretFile(file, signal), origin: file };
}
