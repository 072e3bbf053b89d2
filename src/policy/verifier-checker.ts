import type { ErrorCode } from "../errors.js";
import { missingClaim } from "../sign/claims.js";
import { refused } from "../sign/refusal.js";
import type { Accepted, Signature, SignatureVerdict, SignedImage } from "../sign/signature.js";
import type { Verifier } from "../sign/verifier.js";
import type { PolicyChecker, PolicyResult } from "./policy-checker.js";

/** Keys that are trusted as they are, and what their signatures have to say. */
export interface TrustedKeys {
  readonly verifiers: readonly Verifier[];
  /** Claims that a signature must make, each as text. */
  readonly claims: Readonly<Record<string, string>>;
  /** Whether a name that a signature claims is one of the image; undefined: names are not looked at. */
  readonly identity?: ((claimed: string) => boolean) | undefined;
}

/**
 * A checker that is satisfied by one valid signature by one of several keys. Where the only one is by a signer who is not
 * trusted, and the rules only log that, the result is `not judged`.
 */
export function verifierChecker(names: Pick<PolicyChecker, "id" | "title">, trusted: TrustedKeys): PolicyChecker {
  return {
    ...names,
    async check(image, find) {
      const now = new Date();
      const { signatures, broken } = await find();
      const reasons: Reason[] = broken.map(({ where, failure }) => ({
        where,
        code: failure.code,
        reason: failure.message,
      }));
      let unproven: string | undefined;
      for (const signature of signatures) {
        const verdict = await bestVerdict(signature, image, { ...trusted, now });
        if (verdict?.verdict === "refused") reasons.push({ where: signature.where, ...verdict });
        else if (verdict?.unproven !== undefined) unproven ??= verdict.unproven;
        else if (verdict) return { kind: "accepted", by: [verdict] };
      }
      if (unproven === undefined) return refusalOf(reasons);
      return { kind: "not judged", why: `authenticity is only logged: ${unproven}` };
    },
  };
}

/** The best verdict of the verifiers; undefined: none of them knows the format. */
async function bestVerdict(
  signature: Signature,
  image: SignedImage,
  { verifiers, claims, identity, now }: TrustedKeys & { readonly now: Date },
): Promise<SignatureVerdict | undefined> {
  let last: SignatureVerdict | undefined;
  for (const verifier of verifiers) {
    if (!verifier.formats.includes(signature.format)) continue;
    const verdict = await verifier.verify(signature, image, now);
    last = verdict.verdict === "accepted" ? withDemands(verdict, claims, identity) : verdict;
    if (last.verdict === "accepted") return last;
  }
  return last;
}

function withDemands(
  accepted: Accepted,
  claims: TrustedKeys["claims"],
  identity: TrustedKeys["identity"],
): SignatureVerdict {
  const missing = missingClaim(claims, accepted.claims);
  if (missing !== undefined)
    return refused("UNTRUSTED", `it does not claim ${JSON.stringify(missing.slice(0, 200))} as asked`);
  if (!identity) return accepted;
  if (accepted.identity === undefined) return refused("UNTRUSTED", "its form names no image");
  if (identity(accepted.identity)) return accepted;
  return refused("UNTRUSTED", `it is for the name ${JSON.stringify(accepted.identity.slice(0, 200))}`);
}

interface Reason {
  readonly where: string;
  readonly code: ErrorCode;
  readonly reason: string;
}

function refusalOf(all: readonly Reason[]): PolicyResult {
  if (all.length === 0) return { kind: "refused", code: "UNTRUSTED", reasons: ["there is no signature"] };
  const [only = "UNTRUSTED", ...more] = new Set(all.map(({ code }) => code));
  const reasons = all.map(({ where, reason }) => `${where}: ${reason}`);
  return { kind: "refused", code: more.length === 0 ? only : "UNTRUSTED", reasons };
}
