import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { digestOf } from "../oci/digest.js";
import type { ImageSource, PolicyGate, RequestedImage, TransportRow } from "../transport/transport.js";
import { type CheckedImage, checkImage } from "./check-image.js";
import { checkersOf } from "./checkers.js";
import { type ClassDecision, decideClasses, readClassRules } from "./classes.js";
import { type PolicySubject, policySubject, remoteSubject } from "./subject.js";
import type { TrustRules } from "./trust-rules.js";

/** An image with what its checkers and its class say. */
export interface GateResult extends CheckedImage {
  readonly decision: ClassDecision;
}

/** Checks the image that `source` has resolved to `root`; `image` is what it was asked for as. Writes nothing. */
export async function checkRules(
  source: ImageSource,
  root: Descriptor,
  { rules, image }: { readonly rules: TrustRules; readonly image: PolicySubject },
): Promise<GateResult> {
  const { platforms, instanceSignatures, requireEncrypted, trust = [] } = rules;
  const checkers = await checkersOf(rules, image);
  const checked = await checkImage(source, root, { checkers, identity: image.identity, platforms, instanceSignatures });
  const demands = { requireEncrypted, requireSigned: rules.requireSigned || trust.length > 0 };
  return { ...checked, decision: decideClasses(checked, await readClassRules(rules.classes), demands) };
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

/** The same at once, for one image. Says what was seen of it; throws the refusal. */
export async function passGate(rules: TrustRules, root: Descriptor, requested: RequestedImage): Promise<CheckedImage> {
  const { source } = requested;
  const image = policySubject(requested, rules.identity);
  const checked = await checkRules(source, root, { rules, image });
  const refused = refusalOf(checked, source.name);
  if (refused) throw refused;
  if (checked.decision.verdict === "warned") {
    rules.progress?.({ type: "warning", code: "IMAGE_CLASS", message: `${source.name}: ${checked.decision.reason}` });
  }
  return checked;
}

/**
 * Why an image without a signature must not be written as `reference`: the rules require one, or a policy for that name in
 * a registry does. Undefined: it may.
 */
export async function refusalOfUnsigned(
  reference: string,
  rules: TrustRules,
  transports?: readonly TransportRow[],
): Promise<OciEncError | undefined> {
  const hint = "sign what is written with --sign-by";
  if (rules.requireSigned || (rules.trust ?? []).length > 0) {
    return new OciEncError("UNTRUSTED", "the image gets another digest, and no signature is for that", { hint });
  }
  const image = remoteSubject(reference, transports);
  if (!image) return undefined;
  const descriptor = { mediaType: "", digest: digestOf(new Uint8Array()), size: 0 };
  for (const checker of await checkersOf({ ...rules, trust: [] }, image)) {
    const outcome = await checker.check({ descriptor, identity: image.identity }, async () => ({
      signatures: [],
      broken: [],
    }));
    if (outcome.kind !== "refused") continue;
    const [reason = ""] = outcome.reasons;
    return new OciEncError(outcome.code, `${reference} would be unsigned: ${reason}`, { hint });
  }
  return undefined;
}

/** The error of the first refusal; undefined: the image may be used. */
function refusalOf({ results, decision }: GateResult, name: string): OciEncError | undefined {
  for (const { checker, manifest, outcome } of results) {
    if (outcome.kind !== "refused") continue;
    const [first = "", ...more] = outcome.reasons;
    return new OciEncError(outcome.code, `${name} is not trusted: ${first}`, {
      hint: more.length === 0 ? undefined : `there is more: ${more.slice(0, 8).join("; ")}`,
      context: { checker: checker.id, manifest: manifest.digest },
    });
  }
  if (decision.verdict !== "refused") return undefined;
  return new OciEncError("UNTRUSTED", `${name} is refused: ${decision.reason}`);
}
