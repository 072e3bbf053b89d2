import type { ErrorCode } from "../errors.js";
import type { Accepted, Judgement, Refused, Signature, SignedImage } from "../sign/signature.js";
import type { Verifier } from "../sign/verifier.js";
import type { Judge, Outcome } from "./judge.js";

/** Keys that are trusted as they are, and what their signatures have to say. */
export interface TrustedKeys {
  readonly verifiers: readonly Verifier[];
  /** Claims that a signature must make, each as text. */
  readonly claims: Readonly<Record<string, string>>;
  /** Whether a name that a signature claims is one of the image; undefined: names are not looked at. */
  readonly identity?: ((claimed: string) => boolean) | undefined;
}

/** A judge for whom one good signature by one of several keys is enough. */
export function verifierJudge(names: Pick<Judge, "id" | "title">, trusted: TrustedKeys): Judge {
  return {
    ...names,
    async judge(image, found) {
      const now = new Date();
      const refused: { readonly where: string; readonly why: Refused }[] = [];
      for (const signature of await found.list()) {
        const judgement = await judgeOne(signature, image, { ...trusted, now });
        if (judgement?.verdict === "accepted") return { kind: "accepted", by: [judgement] };
        if (judgement) refused.push({ where: signature.where, why: judgement });
      }
      return refusalOf(refused);
    },
  };
}

/** The best that any verifier makes of it; undefined: none of them knows the format. */
async function judgeOne(
  signature: Signature,
  image: SignedImage,
  { verifiers, claims, identity, now }: TrustedKeys & { readonly now: Date },
): Promise<Judgement | undefined> {
  let last: Judgement | undefined;
  for (const verifier of verifiers) {
    if (!verifier.formats.includes(signature.format)) continue;
    const judgement = await verifier.judge(signature, image, now);
    last = judgement.verdict === "accepted" ? withDemands(judgement, claims, identity) : judgement;
    if (last.verdict === "accepted") return last;
  }
  return last;
}

function withDemands(
  accepted: Accepted,
  claims: TrustedKeys["claims"],
  identity: TrustedKeys["identity"],
): Judgement {
  const missing = Object.entries(claims).find(([key, value]) => String(accepted.claims[key]) !== value);
  if (missing) return untrusted(`it does not claim ${JSON.stringify(missing.join("=").slice(0, 200))}`);
  if (!identity) return accepted;
  if (accepted.identity === undefined) return untrusted("its form names no image");
  if (identity(accepted.identity)) return accepted;
  return untrusted(`it is for the name ${JSON.stringify(accepted.identity.slice(0, 200))}`);
}

function untrusted(reason: string): Refused {
  return { verdict: "refused", code: "UNTRUSTED", reason };
}

function refusalOf(refused: readonly { readonly where: string; readonly why: Refused }[]): Outcome {
  if (refused.length === 0) return { kind: "refused", code: "UNTRUSTED", reasons: ["there is no signature"] };
  const codes = new Set<ErrorCode>(refused.map(({ why }) => why.code));
  const [only = "UNTRUSTED", ...more] = codes;
  const reasons = refused.map(({ where, why }) => `${where}: ${why.reason}`);
  return { kind: "refused", code: more.length === 0 ? only : "UNTRUSTED", reasons };
}
