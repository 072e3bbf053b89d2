import { createHash } from "node:crypto";
import { OciEncError } from "../../errors.js";
import { sameClaims } from "../claims.js";
import type { Signature } from "../signature.js";
import type { Signer, SignRequest } from "../signer.js";
import { signatureHolds, signBytes } from "./algorithm.js";
import { sameCertificate } from "./chain/certificate.js";
import { checkValidity, type SigningChain } from "./chain/chain.js";
import { envelopeForms, notaryFormats } from "./envelope/envelopes.js";
import { writePayload } from "./envelope/payload.js";
import { checkIntegrity } from "./integrity.js";
import type { ChainedKey } from "./signing-keys.js";

/** Signs in Notary's formats, scheme `notary.x509`, with a key that has a chain. Claims become user metadata. */
export function notarySigner({ key, chain }: ChainedKey): Signer {
  return {
    name: `x509 ${chain.leaf.name}`,
    formats: notaryFormats,
    usual: notaryFormats.slice(0, 1),
    sign: async (request) => {
      const form = envelopeForms.get(request.format);
      if (form === undefined) {
        throw new OciEncError("UNSUPPORTED", `a Notary key makes no signature of format ${request.format}`);
      }
      const signingTime = wholeSeconds(request.now);
      const draft = {
        algorithm: chain.algorithm,
        payload: writePayload(request.image.descriptor, request.claims),
        chain: chain.certificates.map(({ encoded }) => encoded),
        signingTime,
        expiry: request.expiresAt && wholeSeconds(request.expiresAt),
      };
      checkTimes(chain, draft);
      const content = form.write(draft, (bytes) => checkedSignature({ key, chain }, bytes));
      return signatureOf(content, request, chain);
    },
    repeats: async (existing, request) =>
      envelopeForms.has(existing.format) && existing.format === request.format && saysTheSame(existing, request, chain),
  };
}

/** `signing-and-policy.md` 2.5: a hint by which others filter, lower-case hex, leaf first. */
const thumbprintAnnotation = "io.cncf.notary.x509chain.thumbprint#S256";

function signatureOf(content: Uint8Array, { format, image, now }: SignRequest, chain: SigningChain): Signature {
  const thumbprints = chain.certificates.map(({ encoded }) => createHash("sha256").update(encoded).digest("hex"));
  return {
    format,
    subject: image.descriptor.digest,
    content,
    annotations: {
      [thumbprintAnnotation]: JSON.stringify(thumbprints),
      "org.opencontainers.image.created": `${now.toISOString().slice(0, -5)}Z`,
    },
    where: "",
  };
}

/** A fault while signing can give the key away to whoever sees the result. */
function checkedSignature({ key, chain: { algorithm, leaf } }: ChainedKey, bytes: Uint8Array): Uint8Array {
  const signature = signBytes(algorithm, key, bytes);
  if (signatureHolds(algorithm, leaf.publicKey, bytes, signature)) return signature;
  throw new OciEncError("KEY_PROVIDER", `the key of ${leaf.label} made a signature that does not hold`);
}

/** Nobody is helped by a signature that is not good from the start. */
function checkTimes(
  chain: SigningChain,
  { signingTime, expiry }: { signingTime: Date; expiry: Date | undefined },
): void {
  if (expiry !== undefined && expiry <= signingTime) {
    throw new OciEncError("USAGE", `the signature would have expired at ${expiry.toISOString()}, when it is made`);
  }
  try {
    checkValidity(chain, signingTime);
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    throw new OciEncError("KEY_INVALID", `nothing can be signed: ${error.message}`, { cause: error });
  }
}

/** Same chain, same claims, same end. */
function saysTheSame(existing: Signature, request: SignRequest, chain: SigningChain): boolean {
  try {
    const { chain: other, claims, attributes } = checkIntegrity(existing, request.image);
    return (
      other.certificates.length === chain.certificates.length &&
      chain.certificates.every((one, index) => sameCertificate(one, other.certificates[index] ?? one)) &&
      sameClaims(claims, request.claims) &&
      attributes.expiry?.getTime() === (request.expiresAt && wholeSeconds(request.expiresAt).getTime())
    );
  } catch (error) {
    if (error instanceof OciEncError) return false;
    throw error;
  }
}

function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
