import { OciEncError } from "../../errors.js";
import { refusal } from "../refusal.js";
import type { Accepted, Signature, SignatureVerdict, SignedImage } from "../signature.js";
import { signatureHolds } from "./algorithm.js";
import { readChain, type SigningChain } from "./chain/chain.js";
import { checkAttributes, type SignedAttributes } from "./envelope/attributes.js";
import { envelopeForms } from "./envelope/envelopes.js";
import { readPayload, type UserMetadata } from "./envelope/payload.js";

/** A signature by the leaf of that chain, of that manifest. Whether the chain is trusted is another question. */
export interface ValidSignature {
  readonly chain: SigningChain;
  readonly attributes: SignedAttributes;
  readonly claims: UserMetadata;
  /** Whether a timestamp token is attached. */
  readonly timestamped: boolean;
}

/** `signing-and-policy.md` 1.6 and 2.6: no envelope and no payload is larger. */
const maximumSize = 4 * 1024 * 1024;

/**
 * The check that no trust policy can turn off: envelope, certificate rules, signature, signed attributes, payload against
 * the manifest, in that order. UNTRUSTED, CORRUPT or UNSUPPORTED when one of them fails.
 */
export function checkIntegrity(signature: Signature, image: SignedImage): ValidSignature {
  const form = envelopeForms.get(signature.format);
  if (form === undefined) throw new TypeError(`no Notary format: ${signature.format}`);
  if (signature.content.length > maximumSize) {
    throw new OciEncError("CORRUPT", `the envelope has ${signature.content.length} bytes, the limit is ${maximumSize}`);
  }
  const envelope = form.read(signature.content);
  const chain = readChain(envelope.chain);
  const { leaf, algorithm } = chain;
  if (!signatureHolds(algorithm, leaf.publicKey, envelope.signedBytes, envelope.signature)) {
    throw new OciEncError("UNTRUSTED", `the signature is not by ${leaf.label}, or what it signs was changed`);
  }
  const attributes = checkAttributes(envelope.headers(), algorithm);
  const claims = readPayload(envelope.payload, image.descriptor);
  return { chain, attributes, claims, timestamped: envelope.timestamped };
}

/** The verdict on a signature that is trusted. */
export function accepted({ chain, attributes, claims }: ValidSignature, notes: readonly string[]): Accepted {
  return {
    verdict: "accepted",
    signer: `x509 ${chain.leaf.name}`,
    identity: undefined,
    claims,
    signedAt: attributes.signedAt,
    notes,
  };
}

/** The verdict of a check. An error that is about the signature becomes a refusal; any other is thrown again. */
export async function verdictOf(check: () => Promise<SignatureVerdict>): Promise<SignatureVerdict> {
  try {
    return await check();
  } catch (error) {
    return refusal(error);
  }
}
