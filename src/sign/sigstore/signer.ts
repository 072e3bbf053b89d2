import type { KeyObject } from "node:crypto";
import { OciEncError } from "../../errors.js";
import { printImageName } from "../../oci/image-name.js";
import { simpleSigningLayer } from "../../oci/signature-formats.js";
import { sameClaims } from "../claims.js";
import { refusal } from "../refusal.js";
import type { Signature, SignatureFormat } from "../signature.js";
import type { Signer, SignRequest } from "../signer.js";
import type { SigningKey } from "../signing-key.js";
import { parsePayload, signatureAnnotation, writePayload } from "../simple-signing/payload.js";
import { parseBundle, signedBytes, statementPayloadType, writeBundle } from "./bundle.js";
import { requireKeyKind } from "./key-kind.js";
import { decodedSignature, signerOf } from "./raw-signature.js";
import { parseStatement, signPredicateType, writeStatement } from "./statement.js";

/**
 * Signs as cosign does with a key: `sig`, which every tool reads, and `bundle`, where cosign 3 looks first. The payload
 * names the image without its tag, unless an identity is asked for. USAGE when the image has no name and `sig` needs one.
 */
export function sigstoreSigner(key: SigningKey): Signer {
  const made = new WeakMap<SignRequest, Promise<Made>>();
  // `repeats` needs the signature that `sign` is asked for next: a token is used once for both.
  const makeOnce = (request: SignRequest): Promise<Made> => {
    const known = made.get(request) ?? make(key, request);
    made.set(request, known);
    return known;
  };
  return {
    name: key.name,
    formats: ["sig", "bundle"],
    usual: ["sig", "bundle"],
    sign: async (request) => (await makeOnce(request)).signature,
    async repeats(existing, request) {
      if (existing.format !== request.format || !saysTheSame(existing, request)) return false;
      const { publicKey } = await makeOnce(request);
      return isBy(publicKey, existing);
    },
  };
}

interface Made {
  readonly signature: Signature;
  readonly publicKey: KeyObject;
}

async function make(key: SigningKey, request: SignRequest): Promise<Made> {
  const { expiresAt, format } = request;
  const maker = makers.get(format);
  if (!maker) throw new OciEncError("UNSUPPORTED", `${key.name} makes no signatures of the format ${format}`);
  if (expiresAt !== undefined) {
    throw new OciEncError("UNSUPPORTED", `a signature of the format ${format} cannot expire`, {
      hint: "signatures of notation can",
    });
  }
  const made = await maker(key, request);
  requireKeyKind(made.publicKey, key.name);
  return made;
}

const makers: ReadonlyMap<SignatureFormat, typeof make> = new Map([
  ["sig", makeLayer],
  ["bundle", makeBundle],
]);

async function makeLayer(key: SigningKey, request: SignRequest): Promise<Made> {
  const { digest } = request.image.descriptor;
  const optional = Object.keys(request.claims).length > 0 ? request.claims : null;
  const type = "cosign container image signature";
  const content = writePayload({ type, digest, reference: referenceOf(request), optional });
  const { signature, publicKey } = await key.sign(content, raw(request, simpleSigningLayer));
  const annotations = { [signatureAnnotation]: Buffer.from(signature).toString("base64") };
  return { signature: { format: "sig", subject: digest, content, annotations, where: "" }, publicKey };
}

async function makeBundle(key: SigningKey, request: SignRequest): Promise<Made> {
  const { digest } = request.image.descriptor;
  const payload = writeStatement(digest, request.claims);
  const bytes = signedBytes({ payload, payloadType: statementPayloadType });
  const { signature, publicKey } = await key.sign(bytes, raw(request, statementPayloadType));
  const content = writeBundle(payload, signature, publicKey);
  const annotations = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": signPredicateType,
    "org.opencontainers.image.created": request.now.toISOString().replace(/\.\d+Z$/, "Z"),
  };
  return { signature: { format: "bundle", subject: digest, content, annotations, where: "" }, publicKey };
}

/** SHA-256 whatever the key is: that is what skopeo and cosign 2 verify with. */
function raw({ image, signal }: SignRequest, payloadType: string) {
  const { descriptor, identity } = image;
  const name = identity ? `${identity.host}/${identity.repository}@${descriptor.digest}` : descriptor.digest;
  return { hash: "sha256", payloadType, image: name, signal } as const;
}

function referenceOf({ identity, image }: SignRequest): string {
  if (identity) return printImageName(identity);
  if (image.identity) return `${image.identity.host}/${image.identity.repository}`;
  throw new OciEncError("USAGE", "the image has no name that could be signed", {
    hint: "name it with --identity, or sign in the format bundle, which has no name",
  });
}

/** Whether an existing signature, by whatever key, says what is asked for. */
function saysTheSame({ content, format }: Signature, request: SignRequest): boolean {
  const { digest } = request.image.descriptor;
  return unlessMalformed(() => {
    if (format === "bundle") {
      const [subject, another] = parseStatement(parseBundle(content).payload, digest);
      return subject !== undefined && !another && subject.matches && sameClaims(subject.claims, request.claims);
    }
    const payload = parsePayload(content, "cosign container image signature");
    const sameImage = payload.digest === digest && payload.reference === referenceOf(request);
    return sameImage && sameClaims(payload.optional ?? {}, request.claims);
  });
}

function isBy(publicKey: KeyObject, { content, format, annotations }: Signature): boolean {
  return unlessMalformed(() => {
    if (format === "sig")
      return signerOf(content, decodedSignature(annotations[signatureAnnotation]), [publicKey]) === publicKey;
    const envelope = parseBundle(content);
    return signerOf(signedBytes(envelope), envelope.signature, [publicKey]) === publicKey;
  });
}

/** A signature that is malformed, or by another key, is not the same. */
function unlessMalformed(test: () => boolean): boolean {
  try {
    return test();
  } catch (error) {
    refusal(error);
    return false;
  }
}
