import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { digestOf } from "../oci/digest.js";
import type { ImageSource, PolicyGate } from "../transport/transport.js";
import { type CheckedImage, checkImage } from "./check-image.js";
import { checkersOf, rulePlaces } from "./checkers.js";
import { type ClassDecision, decideClasses, readClassRules } from "./classes.js";
import { type PolicySubject, policySubject } from "./subject.js";
import type { TrustRules } from "./trust-rules.js";

/** An image with what its judges and its class say. */
export interface GateResult extends CheckedImage {
  readonly decision: ClassDecision;
}

/** Judges the image that `source` has resolved to `root`; `image` is where it was asked for. Writes nothing. */
export async function checkRules(
  source: ImageSource,
  root: Descriptor,
  { rules, image }: { readonly rules: TrustRules; readonly image: PolicySubject },
): Promise<GateResult> {
  const { platforms, instanceSignatures, requireEncrypted, trust = [] } = rules;
  const judges = await checkersOf(rules, image);
  const judged = await checkImage(source, root, { judges, identity: image.identity, platforms, instanceSignatures });
  const demands = { requireEncrypted, requireSigned: rules.requireSigned || trust.length > 0 };
  return { ...judged, decision: decideClasses(judged, await readClassRules(rulePlaces(rules.classes)), demands) };
}

/**
 * Lets images pass that the rules let pass, before anything of them but manifests and signatures has been read.
 * The refusal has the code of the first rule that said no, in the order policy.json, trust policy, keys, class;
 * `signing-and-policy.md` 6.2.
 */
export function policyGate(rules: TrustRules): PolicyGate {
  return async (root, image) => {
    await passGate(rules, root, image);
  };
}

/** The same at once, for one image: whether somebody who is trusted has signed it. Throws the refusal. */
export async function passGate(
  rules: TrustRules,
  root: Descriptor,
  { reference, source }: Parameters<PolicyGate>[1],
): Promise<{ readonly signed: boolean }> {
  const image = policySubject(reference, source, rules.identity);
  const judged = await checkRules(source, root, { rules, image });
  const refused = refusalOf(judged, source.name);
  if (refused) throw refused;
  if (judged.decision.verdict === "warned") {
    rules.progress?.({ type: "warning", code: "IMAGE_CLASS", message: `${source.name}: ${judged.decision.reason}` });
  }
  return { signed: judged.signed };
}

/**
 * Why an image that nobody has signed must not be written as `reference`: the rules require a signature, or a policy for
 * that name in a registry does. Undefined: it may.
 */
export async function refusalOfUnsigned(reference: string, rules: TrustRules): Promise<OciEncError | undefined> {
  const hint = "sign what is written with --sign-by";
  if (rules.requireSigned || (rules.trust ?? []).length > 0) {
    return new OciEncError("UNTRUSTED", "the image gets another digest, which nobody would have signed", { hint });
  }
  if (!reference.startsWith("docker://")) return undefined;
  const image = policySubject(reference, { place: "" });
  const descriptor = { mediaType: "", digest: digestOf(new Uint8Array()), size: 0 };
  for (const judge of await checkersOf({ ...rules, trust: [] }, image)) {
    const outcome = await judge.check({ descriptor, identity: image.identity }, async () => ({
      signatures: [],
      broken: [],
    }));
    if (outcome.kind !== "refused") continue;
    const [reason = ""] = outcome.reasons;
    return new OciEncError(outcome.code, `${reference} would be unsigned: ${reason}`, { hint });
  }
  return undefined;
}

/** The error that a judgement amounts to; undefined: the image comes in. */
function refusalOf({ opinions, decision }: GateResult, name: string): OciEncError | undefined {
  for (const { judge, manifest, outcome } of opinions) {
    if (outcome.kind !== "refused") continue;
    const [first = "", ...more] = outcome.reasons;
    return new OciEncError(outcome.code, `${name} is not trusted: ${first}`, {
      hint: more.length === 0 ? undefined : `there is more: ${more.slice(0, 8).join("; ")}`,
      context: { judge: judge.id, manifest: manifest.digest },
    });
  }
  if (decision.verdict !== "refused") return undefined;
  return new OciEncError("UNTRUSTED", `${name} is refused: ${decision.reason}`);
}
