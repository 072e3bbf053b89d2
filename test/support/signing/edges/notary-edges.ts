import { sign } from "node:crypto";
import { encode, Tagged } from "cborg";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { vectorChain } from "../../certificates/signing-chain.js";
import {
  type Beside,
  describe,
  type Edge,
  type EdgeLayer,
  type EdgeRow,
  edgesOf,
  hexHash,
  signedUntil,
  tagOf,
} from "./edge.js";

const notaryType = "application/vnd.cncf.notary.signature";
const payloadType = "application/vnd.cncf.notary.payload.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const emptyType = "application/vnd.oci.empty.v1+json";
const [jose, cose] = ["application/jose+json", "application/cose"];
const { key, certificates } = vectorChain("ec256");

function payloadText({ mediaType, digest, size }: Descriptor): string {
  return JSON.stringify({ targetArtifact: { mediaType, digest, size } });
}

const usualHeaders: Readonly<Record<string, unknown>> = {
  alg: "ES256",
  cty: payloadType,
  crit: ["io.cncf.notary.signingScheme"],
  "io.cncf.notary.signingScheme": "notary.x509",
  "io.cncf.notary.signingTime": "2026-01-02T03:04:05Z",
};

interface Jws {
  readonly payload: string;
  readonly protected: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly signature: string;
}

/** What a signature is made of; everything may be odd. */
interface Parts {
  readonly payload?: string;
  readonly headers?: string;
  readonly edit?: (envelope: Jws) => unknown;
  readonly text?: (text: string) => string;
  readonly layer?: Partial<EdgeLayer>;
  readonly layers?: (layer: EdgeLayer) => readonly EdgeLayer[];
  readonly manifest?: object;
  readonly listed?: object;
}

function jws(parts: Parts | ((image: Descriptor) => Parts)): EdgeRow[1] {
  return (image) => {
    const given = typeof parts === "function" ? parts(image) : parts;
    const payload = Buffer.from(given.payload ?? payloadText(image)).toString("base64url");
    const headers = Buffer.from(given.headers ?? JSON.stringify(usualHeaders)).toString("base64url");
    const signed = Buffer.from(`${headers}.${payload}`);
    const make = () => sign("sha256", signed, { key, dsaEncoding: "ieee-p1363" });
    const signature = signedUntil(/[-_]/, make, "base64url");
    const x5c = certificates.map((one) => Buffer.from(one).toString("base64"));
    const envelope = { payload, protected: headers, header: { x5c }, signature };
    const text = JSON.stringify(given.edit?.(envelope) ?? envelope);
    return referring(image, { content: given.text?.(text) ?? text, mediaType: jose, ...given.layer }, given);
  };
}

/** A COSE message; `wrap` says what is made of its four parts. */
function coseSigned(wrap: (parts: readonly unknown[]) => unknown, parts: Parts = {}): EdgeRow[1] {
  return (image) => {
    const headers = encode(
      new Map<unknown, unknown>([
        [1, -7],
        [2, ["io.cncf.notary.signingScheme"]],
        [3, payloadType],
        ["io.cncf.notary.signingScheme", "notary.x509"],
        ["io.cncf.notary.signingTime", new Tagged(1, 1_767_323_045)],
      ]),
    );
    const payload = Buffer.from(payloadText(image));
    const structure = encode(["Signature1", headers, new Uint8Array(), payload]);
    const signature = sign("sha256", structure, { key, dsaEncoding: "ieee-p1363" });
    const wrapped = wrap([headers, new Map([[33, certificates]]), payload, signature]);
    const content = wrapped instanceof Uint8Array ? wrapped : encode(wrapped);
    return referring(image, { content, mediaType: cose, ...parts.layer }, parts);
  };
}

function referring(image: Descriptor, layer: EdgeLayer, { layers, manifest = {}, listed = {} }: Parts): Beside {
  const all = layers?.(layer) ?? [layer];
  const thumbprints = JSON.stringify(certificates.map((one) => hexHash(one)));
  const whole = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe(notaryType, "{}"),
    layers: all.map(({ content, mediaType }) => describe(mediaType, content)),
    subject: { mediaType: image.mediaType, digest: image.digest, size: image.size },
    annotations: { "io.cncf.notary.x509chain.thumbprint#S256": thumbprints },
    ...manifest,
  };
  const bytes = Buffer.from(JSON.stringify(whole));
  const entry = {
    ...describe(manifestType, bytes),
    artifactType: notaryType,
    annotations: whole.annotations,
    ...listed,
  };
  const list = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [entry] });
  return {
    blobs: [Buffer.from("{}"), ...all.map(({ content }) => Buffer.from(content))],
    manifests: [
      { bytes, mediaType: manifestType },
      { bytes: Buffer.from(list), mediaType: indexType, tag: tagOf(image.digest) },
    ],
  };
}

const signedText = (search: string | RegExp, replacement: string) =>
  jws((image) => ({ payload: payloadText(image).replace(search, replacement) }));
const headers = (more: object) => jws({ headers: JSON.stringify({ ...usualHeaders, ...more }) });
const headerText = (search: string | RegExp, replacement: string) =>
  jws({ headers: JSON.stringify(usualHeaders).replace(search, replacement) });
const textual = (search: string | RegExp, replacement: string) =>
  jws({ text: (text) => text.replace(search, replacement) });
const padded = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, "=");

const rows: readonly EdgeRow[] = [
  ["as notation writes it", jws({})],
  ["COSE as notation writes it", coseSigned((parts) => new Tagged(18, parts))],
  ["two layers", jws({ layers: (layer) => [layer, layer] })],
  ["a good layer before another", jws({ layers: (layer) => [layer, { content: "x", mediaType: "text/plain" }] })],
  ["a good layer after another", jws({ layers: (layer) => [{ content: "x", mediaType: "text/plain" }, layer] })],
  ["no layers", jws({ layers: () => [] })],
  ["a layer type with a parameter", jws({ layer: { mediaType: `${jose};x=1` } })],
  ["a layer type in capitals", jws({ layer: { mediaType: jose.toUpperCase() } })],
  ["another layer type", jws({ layer: { mediaType: "application/json" } })],
  ["JWS as a layer of COSE", jws({ layer: { mediaType: cose } })],
  ["COSE as a layer of JWS", coseSigned((parts) => new Tagged(18, parts), { layer: { mediaType: jose } })],
  ["both of its types", jws({ manifest: { artifactType: notaryType } })],
  [
    "an artifact type, and an empty config",
    jws({ manifest: { artifactType: notaryType, config: describe(emptyType, "{}") } }),
  ],
  ["another artifact type beside the config's", jws({ manifest: { artifactType: "application/json" } })],
  ["no type of its own", jws({ manifest: { config: describe(emptyType, "{}") } })],
  ["a type in capitals", jws({ manifest: { config: describe(notaryType.toUpperCase(), "{}") } })],
  ["no thumbprints", jws({ manifest: { annotations: undefined }, listed: { annotations: undefined } })],
  [
    "thumbprints that are none",
    jws({ manifest: { annotations: { "io.cncf.notary.x509chain.thumbprint#S256": "x" } } }),
  ],
  ["another subject", jws({ manifest: { subject: describe(manifestType, "other") } })],
  ["no subject", jws({ manifest: { subject: undefined } })],
  [
    "a JWS with a list of signatures",
    jws({
      edit: (one) => ({
        payload: one.payload,
        signatures: [{ protected: one.protected, header: one.header, signature: one.signature }],
      }),
    }),
  ],
  [
    "a JWS with a list of two signatures",
    jws({
      edit: (one) => ({
        payload: one.payload,
        signatures: [1, 2].map(() => ({ protected: one.protected, header: one.header, signature: one.signature })),
      }),
    }),
  ],
  [
    "a JWS with a list beside its one signature",
    jws({
      edit: (one) => ({
        ...one,
        signatures: [{ protected: one.protected, header: one.header, signature: one.signature }],
      }),
    }),
  ],
  [
    "a compact JWS",
    jws({
      text: (text) => {
        const one: Jws = JSON.parse(text);
        return `${one.protected}.${one.payload}.${one.signature}`;
      },
    }),
  ],
  ["a member that nobody knows", jws({ edit: (one) => ({ ...one, comment: "x" }) })],
  [
    "a member that nobody knows in the header",
    jws({ edit: (one) => ({ ...one, header: { ...one.header, comment: "x" } }) }),
  ],
  ["names in capitals", textual('"payload"', '"Payload"')],
  ["a name of the header in capitals", textual('"x5c"', '"X5C"')],
  ["a member twice", textual('{"payload"', '{"payload":"AAAA","payload"')],
  ["a member in two spellings", textual('{"payload"', '{"Payload":"AAAA","payload"')],
  ["a member in two spellings, the right one first", textual('"signature":', '"signature":"AAAA","Signature":')],
  ["something behind the envelope", jws({ text: (text) => `${text}{}` })],
  ["white space behind the envelope", jws({ text: (text) => `${text}\n` })],
  ["a byte order mark", jws({ text: (text) => `\uFEFF${text}` })],
  ["padding", jws({ edit: (one) => ({ ...one, signature: padded(one.signature) }) })],
  [
    "standard base64",
    jws({ edit: (one) => ({ ...one, signature: one.signature.replaceAll("-", "+").replaceAll("_", "/") }) }),
  ],
  [
    "line breaks in the signature",
    jws({ edit: (one) => ({ ...one, signature: one.signature.replace(/(.{20})/g, "$1\n") }) }),
  ],
  [
    "line breaks in a certificate",
    jws({
      edit: (one) => ({
        ...one,
        header: {
          x5c: certificates.map((der) =>
            Buffer.from(der)
              .toString("base64")
              .replace(/(.{64})/g, "$1\n"),
          ),
        },
      }),
    }),
  ],
  [
    "a certificate for URLs",
    jws({
      edit: (one) => ({ ...one, header: { x5c: certificates.map((der) => Buffer.from(der).toString("base64url")) } }),
    }),
  ],
  ["no certificates", jws({ edit: (one) => ({ ...one, header: {} }) })],
  ["certificates that are signed, too", headers({ x5c: [] })],
  ["a protected member that nobody knows", headers({ comment: "x" })],
  ["a protected name in capitals", headerText('"alg"', '"Alg"')],
  ["a protected member twice", headerText('{"alg"', '{"alg":"ES256","alg"')],
  ["a protected member in two spellings", headerText('{"alg"', '{"ALG":"ES384","alg"')],
  ["something behind the protected part", jws({ headers: `${JSON.stringify(usualHeaders)}{}` })],
  ["nothing critical", headers({ crit: [] })],
  ["critical attributes that are null", headers({ crit: null })],
  ["a critical attribute twice", headers({ crit: ["io.cncf.notary.signingScheme", "io.cncf.notary.signingScheme"] })],
  ["a critical attribute that nobody knows", headers({ crit: ["io.cncf.notary.signingScheme", "x"], x: 1 })],
  ["alg is a standard one and critical", headers({ crit: ["io.cncf.notary.signingScheme", "alg"] })],
  ["a content type in capitals", headers({ cty: payloadType.toUpperCase() })],
  ["a content type with a parameter", headers({ cty: `${payloadType};x=1` })],
  ["a time with fractions", headers({ "io.cncf.notary.signingTime": "2026-01-02T03:04:05.678Z" })],
  ["a time in another zone", headers({ "io.cncf.notary.signingTime": "2026-01-02T03:04:05+01:00" })],
  ["a time that is null", headers({ "io.cncf.notary.signingTime": null })],
  ["a time ahead", headers({ "io.cncf.notary.signingTime": "2046-01-02T03:04:05Z" })],
  ["an expiry that is null", headers({ "io.cncf.notary.expiry": null })],
  ["a payload in two spellings", signedText('{"targetArtifact"', '{"TargetArtifact":{},"targetArtifact"')],
  ["a payload with a capital", signedText('"targetArtifact"', '"TargetArtifact"')],
  ["a digest with a capital", signedText('"digest"', '"Digest"')],
  ["a digest in two spellings", signedText('"digest"', '"Digest":"sha256:00","digest"')],
  ["a digest twice", signedText('"digest"', '"digest":"sha256:00","digest"')],
  ["a target that is null", jws({ payload: '{"targetArtifact":null}' })],
  ["something behind the payload", jws((image) => ({ payload: `${payloadText(image)}{}` }))],
  ["a member that nobody knows in the payload", signedText('{"targetArtifact"', '{"x":1,"targetArtifact"')],
  ["a member that nobody knows in the target", signedText('{"mediaType"', '{"x":1,"mediaType"')],
  ["annotations that are null", signedText('"size"', '"annotations":null,"size"')],
  ["an annotation that is no text", signedText('"size"', '"annotations":{"a":1},"size"')],
  ["a size with a fraction of nothing", signedText(/"size":(\d+)/, '"size":$1.0')],
  ["a size that is a text", signedText(/"size":(\d+)/, '"size":"$1"')],
  [
    "a COSE message for several signers",
    coseSigned(
      ([headers_, unsigned, payload, signature]) =>
        new Tagged(98, [new Uint8Array(), new Map(), payload, [[headers_, unsigned, signature]]]),
    ),
  ],
  [
    "a COSE message for two signers",
    coseSigned(
      ([headers_, unsigned, payload, signature]) =>
        new Tagged(98, [new Uint8Array(), new Map(), payload, [1, 2].map(() => [headers_, unsigned, signature])]),
    ),
  ],
  ["a COSE message without a tag", coseSigned((parts) => parts)],
  ["a COSE message with a fifth part", coseSigned((parts) => new Tagged(18, [...parts, 0]))],
  ["a COSE message with the tag of another", coseSigned((parts) => new Tagged(17, parts))],
  ["a COSE message in a tag of CBOR", coseSigned((parts) => new Tagged(55_799, new Tagged(18, parts)))],
  [
    "something behind the COSE message",
    coseSigned((parts) => Buffer.concat([encode(new Tagged(18, parts)), Buffer.of(0)])),
  ],
  [
    "a COSE message with an unsigned member that nobody knows",
    coseSigned(
      ([a, unsigned, c, d]) => new Tagged(18, [a, new Map([...(unsigned as Map<unknown, unknown>), ["x", 1]]), c, d]),
    ),
  ],
  [
    "a COSE message with one certificate that is no list",
    coseSigned(([a, , c, d]) => new Tagged(18, [a, new Map([[33, certificates[0]]]), c, d])),
  ],
];

/** Notary Project envelopes in a referrer. */
export const notaryEdges: readonly Edge[] = edgesOf("notary", undefined, rows);
