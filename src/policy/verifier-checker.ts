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
 * A judge for whom one good signature by one of several keys is enough. Where there is none but one whose signer nobody
 * vouches for, and the rules excuse that, nothing is judged.
 */
export function verifierChecker(names: Pick<PolicyChecker, "id" | "title">, trusted: TrustedKeys): PolicyChecker {
  return {
    ...names,
    async check(image, find) {
      const now = new Date();
      const { signatures, broken } = await find();
      const told: Told[] = broken.map(({ where, failure }) => ({ where, code: failure.code, reason: failure.message }));
      let unproven: string | undefined;
      for (const signature of signatures) {
        const judgement = await judgeOne(signature, image, { ...trusted, now });
        if (judgement?.verdict === "refused") told.push({ where: signature.where, ...judgement });
        else if (judgement?.unproven !== undefined) unproven ??= judgement.unproven;
        else if (judgement) return { kind: "accepted", by: [judgement] };
      }
      if (unproven === undefined) return refusalOf(told);
      return { kind: "not judged", why: `authenticity is only logged: ${unproven}` };
    },
  };
}

/** The best that any verifier makes of it; undefined: none of them knows the format. */
async function judgeOne(
  signature: Signature,
  image: SignedImage,
  { verifiers, claims, identity, now }: TrustedKeys & { readonly now: Date },
): Promise<SignatureVerdict | undefined> {
  let last: SignatureVerdict | undefined;
  for (const verifier of verifiers) {
    if (!verifier.formats.includes(signature.format)) continue;
    const judgement = await verifier.verify(signature, image, now);
    last = judgement.verdict === "accepted" ? withDemands(judgement, claims, identity) : judgement;
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

interface Told {
  readonly where: string;
  readonly code: ErrorCode;
  readonly reason: string;
}

function refusalOf(all: readonly Told[]): PolicyResult {
  if (all.length === 0) return { kind: "refused", code: "UNTRUSTED", reasons: ["there is no signature"] };
  const [only = "UNTRUSTED", ...more] = new Set(all.map(({ code }) => code));
  const reasons = all.map(({ where, reason }) => `${where}: ${reason}`);
  return { kind: "refused", code: more.length === 0 ? only : "UNTRUSTED", reasons };
}
