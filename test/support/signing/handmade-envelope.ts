import { sign } from "node:crypto";
import { encode, Tagged } from "cborg";
import { digestOf } from "../../../src/oci/digest.js";
import type { Signature, SignedImage } from "../../../src/sign/signature.js";
import { type TestChain, vectorChain } from "../certificates/signing-chain.js";

/** A manifest that handmade envelopes are about. */
export const handmadeImage: SignedImage = {
  descriptor: {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: digestOf(Buffer.from("a manifest")),
    size: 10,
  },
  identity: undefined,
};

/** A payload about it, with `members` beside or in place of what usually stands there. */
export function handmadePayload(members: object = {}): Uint8Array {
  return Buffer.from(JSON.stringify({ targetArtifact: { ...handmadeImage.descriptor, ...members } }));
}

/** What may be different about an envelope. The signature is good unless said otherwise. */
export interface HandmadeParts {
  readonly payload?: Uint8Array;
  readonly chain?: TestChain;
  /** Of the unsigned part. */
  readonly unsigned?: object;
}

/** The signed attributes of a JWS envelope as they usually are; `undefined` leaves one out. */
export function jwsHeaders(members: object = {}): object {
  return {
    alg: "ES256",
    cty: "application/vnd.cncf.notary.payload.v1+json",
    crit: ["io.cncf.notary.signingScheme"],
    "io.cncf.notary.signingScheme": "notary.x509",
    "io.cncf.notary.signingTime": "2026-01-02T03:04:05Z",
    ...members,
  };
}

/** A JWS envelope with these signed attributes, or this text of them, by the vectors' P-256 chain. */
export function handmadeJws(headers: object | string, { payload, chain, unsigned }: HandmadeParts = {}): Signature {
  const { key, certificates } = chain ?? vectorChain("ec256");
  const encoded = Buffer.from(typeof headers === "string" ? headers : JSON.stringify(headers)).toString("base64url");
  const content = Buffer.from(payload ?? handmadePayload()).toString("base64url");
  const signature = sign("sha256", Buffer.from(`${encoded}.${content}`), { key, dsaEncoding: "ieee-p1363" });
  const x5c = certificates.map((certificate) => Buffer.from(certificate).toString("base64"));
  return asSignature(
    "jws",
    Buffer.from(
      JSON.stringify({
        payload: content,
        protected: encoded,
        header: { x5c, ...unsigned },
        signature: signature.toString("base64url"),
      }),
    ),
  );
}

/** The signed attributes of a COSE envelope as they usually are. */
export function coseHeaders(): Map<unknown, unknown> {
  return new Map<unknown, unknown>([
    [1, -7],
    [2, ["io.cncf.notary.signingScheme"]],
    [3, "application/vnd.cncf.notary.payload.v1+json"],
    ["io.cncf.notary.signingScheme", "notary.x509"],
    ["io.cncf.notary.signingTime", new Tagged(1, 1_767_323_045)],
  ]);
}

/** A COSE envelope with these signed attributes, or these bytes of them, by the vectors' P-256 chain. */
export function handmadeCose(
  headers: Map<unknown, unknown> | Uint8Array,
  { payload, chain, unsigned }: Omit<HandmadeParts, "unsigned"> & { readonly unsigned?: Map<unknown, unknown> } = {},
): Signature {
  const { key, certificates } = chain ?? vectorChain("ec256");
  const encoded = headers instanceof Map ? encode(headers) : headers;
  const content = payload ?? handmadePayload();
  const structure = encode(["Signature1", encoded, new Uint8Array(), content]);
  const signature = sign("sha256", structure, { key, dsaEncoding: "ieee-p1363" });
  const outer = new Map<unknown, unknown>([[33, certificates], ...(unsigned ?? [])]);
  return asSignature("cose", encode(new Tagged(18, [encoded, outer, content, signature])));
}

/** Any bytes as a signature of the handmade image. */
export function asSignature(format: "jws" | "cose", content: Uint8Array): Signature {
  return { format, subject: handmadeImage.descriptor.digest, content, annotations: {}, where: "" };
}
