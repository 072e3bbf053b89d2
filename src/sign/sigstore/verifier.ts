import type { KeyObject } from "node:crypto";
import { type Claims, missingClaim } from "../claims.js";
import { refusal, refused } from "../refusal.js";
import type { Accepted, Signature, SignatureVerdict, SignedImage } from "../signature.js";
import { parsePayload, signatureAnnotation } from "../simple-signing/payload.js";
import type { Verifier } from "../verifier.js";
import { parseBundle, signedBytes } from "./bundle.js";
import { checkCompanions } from "./companions.js";
import { sigstoreKeyName } from "./key-kind.js";
import { decodedSignature, signerOf } from "./raw-signature.js";
import { parseStatement } from "./statement.js";

/** What a signature must say, beside being valid. */
export interface SigstoreRules {
  /** Every one of them, with exactly this text. */
  readonly claims?: Readonly<Record<string, string>> | undefined;
}

/**
 * Checks `sig` and `bundle` by bare public keys, offline: `signing-and-policy.md` 1.6. The signature over the exact bytes
 * comes first, their meaning after; one of the keys is enough. No transparency log and no certificate is looked at.
 */
export function sigstoreVerifier(keys: readonly KeyObject[], rules: SigstoreRules = {}): Verifier {
  const claims = rules.claims ?? {};
  return {
    name: keys.map(sigstoreKeyName).join(", "),
    formats: ["sig", "bundle"],
    async verify(signature, image) {
      try {
        return signature.format === "bundle" ? verifyBundle(signature, image) : verifyLayer(signature, image);
      } catch (error) {
        return refusal(error);
      }
    },
  };

  function verifyLayer({ content, annotations }: Signature, { descriptor }: SignedImage): SignatureVerdict {
    const key = signerOf(content, decodedSignature(annotations[signatureAnnotation]), keys);
    checkCompanions(annotations);
    const payload = parsePayload(content, "cosign container image signature");
    if (payload.digest !== descriptor.digest) return refused("UNTRUSTED", `it signs ${payload.digest}`);
    const lacking = missingClaim(claims, payload.optional ?? {});
    if (lacking !== undefined) return refused("UNTRUSTED", lacks(lacking));
    const signedAt = timeOf(payload.optional?.["timestamp"]);
    return accepted(key, { identity: payload.reference, claims: payload.optional ?? {}, signedAt });
  }

  function verifyBundle({ content }: Signature, { descriptor }: SignedImage): SignatureVerdict {
    const envelope = parseBundle(content);
    const key = signerOf(signedBytes(envelope), envelope.signature, keys);
    const matching = parseStatement(envelope.payload, descriptor.digest).filter(({ matches }) => matches);
    const [first] = matching;
    if (!first) return refused("UNTRUSTED", "it signs another digest");
    const subject = matching.find((one) => missingClaim(claims, one.claims) === undefined);
    if (!subject) return refused("UNTRUSTED", lacks(missingClaim(claims, first.claims) ?? ""));
    return accepted(key, { identity: undefined, claims: subject.claims, signedAt: undefined });
  }
}

function accepted(
  key: KeyObject,
  said: { identity: string | undefined; claims: Claims; signedAt: Date | undefined },
): Accepted {
  return { verdict: "accepted", signer: sigstoreKeyName(key), ...said, notes: ["a bare key never expires"] };
}

/** Seconds since 1970; undefined for what a Date cannot hold. */
function timeOf(timestamp: unknown): Date | undefined {
  const time = typeof timestamp === "number" ? new Date(timestamp * 1000) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time : undefined;
}

function lacks(claim: string): string {
  return `it does not claim ${JSON.stringify(claim.slice(0, 80))} as required`;
}
