import { memoized } from "../bytes/memoized.js";
import type { ErrorCode } from "../errors.js";
import type { ImageName } from "../oci/image-name.js";
import { refused } from "../sign/refusal.js";
import type { Accepted, Refused, Signature, SignatureFormat, SignedImage } from "../sign/signature.js";
import type { FoundSignatures } from "../sign/store.js";
import type { Verifier } from "../sign/verifier.js";
import { fits } from "./identity.js";
import { matchScope } from "./match-scope.js";
import type { Policy } from "./policy-json.js";
import { type KeyLookup, readKeySource } from "./policy-keys.js";
import type { PolicyLocation } from "./policy-location.js";
import type { KeyRequirement, PolicyRequirement } from "./requirement.js";
import { quoted } from "./strict-members.js";

/** An image about which a policy is asked. */
export interface PolicyRequest {
  readonly location: PolicyLocation;
  /**
   * What a signature may be about: the manifest at hand, and after it the index that it was chosen from, which binds its
   * digest. With the manifest alone the rule is skopeo's.
   */
  readonly images: readonly [SignedImage, ...SignedImage[]];
  /** What was found beside the images. Asked for only when a requirement needs it. */
  readonly find: () => Promise<FoundSignatures>;
  readonly now: Date;
  readonly keys: KeyLookup;
  /** `any`: bundles, which carry no name, count for `sigstoreSigned` whatever its rule for names. */
  readonly bundleIdentity?: "any" | undefined;
}

/** What a policy says of an image; `entry` names the one entry that applied. */
export type PolicyOutcome =
  | { readonly verdict: "accepted"; readonly entry: string; readonly by: readonly Accepted[] }
  /** The entry accepts anything: no signature was asked for. */
  | { readonly verdict: "not judged"; readonly entry: string }
  | {
      readonly verdict: "refused";
      readonly entry: string;
      readonly code: ErrorCode;
      /** One for each signature and for what could not be read, or one for the requirement that cannot be met. */
      readonly reasons: readonly string[];
    };

/**
 * Checks by the most specific entry: all of its requirements have to hold, one good signature each. UNSUPPORTED in the
 * outcome where it asks for what oci-enc does not do. Throws what keeps a signature from being checked: KEY_INVALID and
 * KEY_PROVIDER for keys that cannot be had, and whatever `find` throws. `signing-and-policy.md` 4.1 and 4.2.
 */
export async function evaluatePolicy(policy: Policy, request: PolicyRequest): Promise<PolicyOutcome> {
  const entry = matchScope(policy, request.location);
  const by: Accepted[] = [];
  const find = memoized(() => request.find());
  for (const requirement of entry.requirements) {
    const answer = await meet(requirement, policy, { ...request, find });
    if ("reasons" in answer) return { verdict: "refused", entry: entry.name, ...answer };
    by.push(...answer.by);
  }
  // The parser gives no entry without requirements; should it ever, nothing may pass by it.
  if (entry.requirements.length === 0) throw new Error("an entry of a policy has no requirement");
  return by.length > 0 ? { verdict: "accepted", entry: entry.name, by } : { verdict: "not judged", entry: entry.name };
}

/** So many signatures are looked at. */
const candidateLimit = 128;

type Answer = { readonly by: readonly Accepted[] } | { readonly code: ErrorCode; readonly reasons: readonly string[] };

async function meet(requirement: PolicyRequirement, policy: Policy, request: PolicyRequest): Promise<Answer> {
  switch (requirement.type) {
    case "insecureAcceptAnything":
      return { by: [] };
    case "reject":
      return { code: "UNTRUSTED", reasons: ["the policy rejects every image there"] };
    case "unsupported":
      return {
        code: "UNSUPPORTED",
        reasons: [`the policy asks for ${requirement.what}, which oci-enc does not check`],
      };
    case "signedBy":
    case "sigstoreSigned":
      return await meetByKey(requirement, policy, request);
  }
}

async function meetByKey(requirement: KeyRequirement, policy: Policy, request: PolicyRequest): Promise<Answer> {
  const { formats, verifier } = kinds[requirement.type];
  const { signatures, broken } = await request.find();
  const all = signatures.filter(({ format }) => formats.includes(format));
  const unreadable = broken.map(({ where: place, failure }) => `${place}: ${failure.message}`);
  if (all.length === 0) {
    const what = broken.length === 0 ? "there is none" : "what there is cannot be read";
    const reasons = [`${requirement.type} needs a signature, and ${what}`, ...unreadable];
    return { code: broken[0]?.failure.code ?? "UNTRUSTED", reasons };
  }
  const keys = await verifier(requirement, policy, request.keys);
  const refusals: Refused[] = [];
  for (const signature of all.slice(0, candidateLimit)) {
    const verdict = await verify(signature, { verifier: keys, requirement, request });
    if (verdict.verdict === "accepted") return { by: [verdict] };
    refusals.push({ ...verdict, reason: where(signature, verdict.reason) });
  }
  const reasons = [...refusals.map(({ reason }) => reason), ...unreadable];
  if (all.length > candidateLimit) reasons.push(`${all.length - candidateLimit} more signatures are not looked at`);
  return { code: refusals[0]?.code ?? "UNTRUSTED", reasons };
}

interface KindOfRequirement {
  readonly formats: readonly SignatureFormat[];
  readonly verifier: (requirement: KeyRequirement, policy: Policy, keys: KeyLookup) => Promise<Verifier>;
}

/** A row for each type of requirement that names keys; what verifies is loaded when it is asked. */
const kinds: Readonly<Record<KeyRequirement["type"], KindOfRequirement>> = {
  signedBy: {
    formats: ["gpg"],
    verifier: async (requirement, policy, places) => {
      const keys = await readKeys(requirement, policy, places);
      const { gpgVerifier } = await import("../sign/gpg/verifier.js");
      return await gpgVerifier(keys.map(({ value }) => value));
    },
  },
  sigstoreSigned: {
    formats: ["sig", "bundle"],
    verifier: async (requirement, policy, places) => {
      const [{ sigstoreVerifier }, { readVerificationKey }, keys] = await Promise.all([
        import("../sign/sigstore/verifier.js"),
        import("../sign/sigstore/key-file.js"),
        readKeys(requirement, policy, places),
      ]);
      return sigstoreVerifier(keys.map((key) => readVerificationKey(key)));
    },
  },
};

function readKeys({ keys }: KeyRequirement, { dialect }: Policy, places: KeyLookup) {
  return Promise.all(keys.map((source) => readKeySource(source, dialect, places)));
}

interface Verification {
  readonly verifier: Verifier;
  readonly requirement: KeyRequirement;
  readonly request: PolicyRequest;
}

async function verify(
  signature: Signature,
  { verifier, requirement, request }: Verification,
): Promise<Accepted | Refused> {
  const { images, now, bundleIdentity } = request;
  const image = images.find(({ descriptor }) => descriptor.digest === signature.subject) ?? images[0];
  const verdict = await verifier.verify(signature, image, now);
  if (verdict.verdict === "refused") return verdict;
  if (verdict.identity === undefined) {
    if (signature.format === "bundle" && bundleIdentity === "any") return verdict;
    return refused("UNTRUSTED", "it carries no image name, so no rule for names can hold; see --bundle-identity=any");
  }
  const asked = askedFor(image.identity);
  if (fits(requirement.identity, asked, verdict.identity)) return verdict;
  const why = asked === undefined ? "and the image has no name to compare it with" : "which is not accepted here";
  return refused("UNTRUSTED", `it is for ${quoted(verdict.identity)}, ${why}`);
}

/** With a digest given, the tag beside it does not count, as in podman: a policy knows a name by its tag or by its digest. */
function askedFor(name: ImageName | undefined): ImageName | undefined {
  return name?.digest === undefined ? name : { ...name, tag: undefined };
}

function where({ where: place }: Signature, reason: string): string {
  return place === "" ? reason : `${place}: ${reason}`;
}
