import type { KeyObject } from "node:crypto";
import { isBase64 } from "../../crypt/layer-options.js";
import { OciEncError } from "../../errors.js";
import { type Claims, missingClaim } from "../claims.js";
import { refusal, refused } from "../refusal.js";
import type { Accepted, Judgement, Signature, SignedImage } from "../signature.js";
import { signatureAnnotation } from "../simple-signing/layer.js";
import { parsePayload } from "../simple-signing/payload.js";
import type { Verifier } from "../verifier.js";
import { parseBundle, signedBytes } from "./bundle.js";
import { sigstoreKeyName } from "./key-kind.js";
import { isSignedBy } from "./raw-signature.js";
import { parseStatement } from "./statement.js";

/** What a signature must say beside being good. */
export interface SigstoreRules {
  /** All of them, word for word. */
  readonly claims?: Readonly<Record<string, string>> | undefined;
}

/**
 * Judges `sig` and `bundle` by bare public keys, offline: `signing-and-policy.md` 1.6. The signature over the exact bytes
 * comes first, their meaning after; one of the keys is enough. No transparency log and no certificate is looked at.
 */
export function sigstoreVerifier(keys: readonly KeyObject[], rules: SigstoreRules = {}): Verifier {
  const claims = rules.claims ?? {};
  return {
    name: keys.map(sigstoreKeyName).join(", "),
    formats: ["sig", "bundle"],
    async judge(signature, image) {
      try {
        return signature.format === "bundle" ? judgeBundle(signature, image) : judgeLayer(signature, image);
      } catch (error) {
        return refusal(error);
      }
    },
  };

  function judgeLayer({ content, annotations }: Signature, { descriptor }: SignedImage): Judgement {
    const key = signerOf(content, [decoded(annotations[signatureAnnotation])], keys);
    const payload = parsePayload(content, "cosign container image signature");
    if (payload.digest !== descriptor.digest) return refused("UNTRUSTED", `it signs ${payload.digest}`);
    const lacking = missingClaim(claims, payload.optional ?? {});
    if (lacking !== undefined) return refused("UNTRUSTED", lacks(lacking));
    const { timestamp } = payload.optional ?? {};
    return accepted(key, {
      identity: payload.reference,
      claims: payload.optional ?? {},
      signedAt: typeof timestamp === "number" ? new Date(timestamp * 1000) : undefined,
    });
  }

  function judgeBundle({ content }: Signature, { descriptor }: SignedImage): Judgement {
    const envelope = parseBundle(content);
    const key = signerOf(signedBytes(envelope), envelope.signatures, keys);
    const matching = parseStatement(envelope.payload, descriptor.digest).filter(({ matches }) => matches);
    const [first] = matching;
    if (!first) return refused("UNTRUSTED", "it signs another digest");
    const subject = matching.find((one) => missingClaim(claims, one.claims) === undefined);
    if (!subject) return refused("UNTRUSTED", lacks(missingClaim(claims, first.claims) ?? ""));
    return accepted(key, { identity: undefined, claims: subject.claims, signedAt: undefined });
  }
}

/** The one of `keys` that made one of `signatures` over `bytes`. UNTRUSTED when none did. */
export function signerOf(bytes: Uint8Array, signatures: readonly Uint8Array[], keys: readonly KeyObject[]): KeyObject {
  const key = keys.find((one) => signatures.some((signature) => isSignedBy(bytes, signature, one)));
  if (!key) throw new OciEncError("UNTRUSTED", "it is by no trusted key, or its content was changed");
  return key;
}

/** Base64 in which line breaks occur. CORRUPT when it is none. */
export function decoded(text: string | undefined): Uint8Array {
  if (text === undefined)
    throw new OciEncError("CORRUPT", `it has no annotation ${JSON.stringify(signatureAnnotation)}`);
  const base64 = text.replaceAll(/[\r\n]/g, "");
  if (base64 === "" || !isBase64(base64)) throw new OciEncError("CORRUPT", "its signature is not base64");
  return Buffer.from(base64, "base64");
}

function accepted(
  key: KeyObject,
  said: { identity: string | undefined; claims: Claims; signedAt: Date | undefined },
): Accepted {
  return { verdict: "accepted", signer: sigstoreKeyName(key), ...said, notes: ["a bare key never expires"] };
}

function lacks(claim: string): string {
  return `it does not claim ${JSON.stringify(claim.slice(0, 80))} as required`;
}
