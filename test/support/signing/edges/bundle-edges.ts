import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import {
  type Beside,
  base64,
  describe,
  type Edge,
  type EdgeLayer,
  type EdgeRow,
  edgesOf,
  tagOf,
  usual,
} from "./edge.js";

const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
const payloadType = "application/vnd.in-toto+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const emptyType = "application/vnd.oci.empty.v1+json";
const older = (version: string) => `application/vnd.dev.sigstore.bundle+json;version=${version}`;

function statementText({ digest }: Descriptor): string {
  const subject = `{"digest":{"sha256":"${digest.slice("sha256:".length)}"},"annotations":{}}`;
  return `{"_type":"https://in-toto.io/Statement/v1","subject":[${subject}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`;
}

/** What a bundle is made of; everything may be odd. */
interface Parts {
  readonly statement?: string;
  readonly payloadType?: string;
  readonly sign?: (bytes: Buffer) => Buffer;
  readonly key?: KeyObject;
  /** The bundle as text, edited. */
  readonly edit?: (bundle: Bundle) => unknown;
  readonly text?: (text: string) => string;
  readonly layer?: Partial<EdgeLayer>;
  readonly layers?: (layer: EdgeLayer) => readonly EdgeLayer[];
  readonly manifest?: object;
  readonly listed?: object;
}

interface Bundle {
  readonly mediaType: string;
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { readonly sig: string }[];
  };
}

function pae(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
}

function bundled(parts: Parts | ((image: Descriptor) => Parts)): EdgeRow[1] {
  return (image) => {
    const given = typeof parts === "function" ? parts(image) : parts;
    const payload = Buffer.from(given.statement ?? statementText(image));
    const type = given.payloadType ?? payloadType;
    const make = given.sign ?? ((bytes: Buffer) => sign("sha256", bytes, usual.privateKey));
    const spki = (given.key ?? usual.publicKey).export({ type: "spki", format: "der" });
    const bundle: Bundle = {
      mediaType: bundleType,
      verificationMaterial: { publicKey: { hint: createHash("sha256").update(spki).digest("base64") } },
      dsseEnvelope: {
        payload: base64(payload),
        payloadType: type,
        signatures: [{ sig: base64(make(pae(type, payload))) }],
      },
    };
    const text = JSON.stringify(given.edit?.(bundle) ?? bundle);
    const layer = { content: given.text?.(text) ?? text, mediaType: bundleType, ...given.layer };
    return referring(image, given.layers?.(layer) ?? [layer], given);
  };
}

function referring(image: Descriptor, layers: readonly EdgeLayer[], { manifest = {}, listed = {} }: Parts): Beside {
  const annotations = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
  };
  const whole = {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: bundleType,
    config: describe(emptyType, "{}"),
    layers: layers.map(({ content, mediaType }) => describe(mediaType, content)),
    subject: { mediaType: image.mediaType, digest: image.digest, size: image.size },
    annotations,
    ...manifest,
  };
  const bytes = Buffer.from(JSON.stringify(whole));
  const entry = { ...describe(manifestType, bytes), artifactType: whole.artifactType, annotations, ...listed };
  const list = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [entry] });
  return {
    blobs: [Buffer.from("{}"), ...layers.map(({ content }) => Buffer.from(content))],
    manifests: [
      { bytes, mediaType: manifestType },
      { bytes: Buffer.from(list), mediaType: indexType, tag: tagOf(image.digest) },
    ],
  };
}

const envelope = (change: (one: Bundle["dsseEnvelope"]) => object) =>
  bundled({ edit: (bundle) => ({ ...bundle, dsseEnvelope: change(bundle.dsseEnvelope) }) });
const material = (verificationMaterial: unknown) =>
  bundled({ edit: (bundle) => ({ ...bundle, verificationMaterial }) });
const statement = (search: string | RegExp, replacement: string) =>
  bundled((image) => ({ statement: statementText(image).replace(search, replacement) }));
const textual = (search: string | RegExp, replacement: string) =>
  bundled({ text: (text) => text.replace(search, replacement) });
const urlSafe = (text: string) => text.replaceAll("+", "-").replaceAll("/", "_");
const hint = { hint: "x" };
const soundEntry = {
  logIndex: "1",
  logId: { keyId: base64("a log") },
  kindVersion: { kind: "dsse", version: "0.0.1" },
  integratedTime: "1700000000",
  inclusionPromise: { signedEntryTimestamp: base64("a promise") },
  canonicalizedBody: base64(
    JSON.stringify({
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: {
        envelopeHash: { algorithm: "sha256", value: "0".repeat(64) },
        payloadHash: { algorithm: "sha256", value: "0".repeat(64) },
        signatures: [
          { signature: base64("x"), verifier: base64(usual.publicKey.export({ type: "spki", format: "pem" })) },
        ],
      },
    }),
  ),
};

const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
const ed25519 = generateKeyPairSync("ed25519");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

const rows: readonly EdgeRow[] = [
  ["as cosign writes it", bundled({})],
  ["a member that nobody knows", bundled({ edit: (bundle) => ({ ...bundle, comment: "x" }) })],
  ["a member that nobody knows in the envelope", envelope((one) => ({ ...one, comment: "x" }))],
  [
    "a member that nobody knows in the signature",
    envelope((one) => ({ ...one, signatures: one.signatures.map((s) => ({ ...s, comment: "x" })) })),
  ],
  ["a member that nobody knows in the material", material({ publicKey: hint, comment: "x" })],
  ["a member that nobody knows in the key", material({ publicKey: { ...hint, comment: "x" } })],
  [
    "an extension of the signature",
    envelope((one) => ({ ...one, signatures: one.signatures.map((s) => ({ ...s, extension: {} })) })),
  ],
  ["two signatures", envelope((one) => ({ ...one, signatures: [...one.signatures, ...one.signatures] }))],
  ["two signatures, one by another", envelope((one) => ({ ...one, signatures: [...one.signatures, { sig: "AAAA" }] }))],
  ["no signatures", envelope((one) => ({ ...one, signatures: [] }))],
  ["signatures that are null", envelope((one) => ({ ...one, signatures: null }))],
  ["a key id", envelope((one) => ({ ...one, signatures: one.signatures.map((s) => ({ ...s, keyid: "x" })) }))],
  ["an empty key id", envelope((one) => ({ ...one, signatures: one.signatures.map((s) => ({ ...s, keyid: "" })) }))],
  [
    "a key id that is null",
    envelope((one) => ({ ...one, signatures: one.signatures.map((s) => ({ ...s, keyid: null })) })),
  ],
  [
    "version 0.3 as older writers spell it, all over",
    bundled({
      edit: (b) => ({ ...b, mediaType: older("0.3") }),
      layer: { mediaType: older("0.3") },
      manifest: { artifactType: older("0.3") },
    }),
  ],
  [
    "version 0.3 as older writers spell it, in the bundle",
    bundled({ edit: (b) => ({ ...b, mediaType: older("0.3") }) }),
  ],
  ["version 0.3 as older writers spell it, of the layer", bundled({ layer: { mediaType: older("0.3") } })],
  ["version 0.3 as older writers spell it, of the artifact", bundled({ manifest: { artifactType: older("0.3") } })],
  [
    "version 0.2",
    bundled({
      edit: (b) => ({ ...b, mediaType: older("0.2") }),
      layer: { mediaType: older("0.2") },
      manifest: { artifactType: older("0.2") },
    }),
  ],
  [
    "version 0.1",
    bundled({
      edit: (b) => ({ ...b, mediaType: older("0.1") }),
      layer: { mediaType: older("0.1") },
      manifest: { artifactType: older("0.1") },
    }),
  ],
  ["version 0.2, in the bundle", bundled({ edit: (b) => ({ ...b, mediaType: older("0.2") }) })],
  ["version 0.1, in the bundle", bundled({ edit: (b) => ({ ...b, mediaType: older("0.1") }) })],
  ["version 0.2, of the layer", bundled({ layer: { mediaType: older("0.2") } })],
  ["version 0.2, of the artifact", bundled({ manifest: { artifactType: older("0.2") } })],
  [
    "no version, of layer and artifact",
    bundled({
      layer: { mediaType: "application/vnd.dev.sigstore.bundle+json" },
      manifest: { artifactType: "application/vnd.dev.sigstore.bundle+json" },
    }),
  ],
  [
    "no version in the bundle",
    bundled({ edit: (b) => ({ ...b, mediaType: "application/vnd.dev.sigstore.bundle+json" }) }),
  ],
  ["an entry of a log with a promise alone", material({ publicKey: hint, tlogEntries: [soundEntry] })],
  [
    "an entry of a log without a promise or proof",
    material({ publicKey: hint, tlogEntries: [{ ...soundEntry, inclusionPromise: undefined }] }),
  ],
  [
    "an entry of a log of another kind",
    material({
      publicKey: hint,
      tlogEntries: [{ ...soundEntry, kindVersion: { kind: "hashedrekord", version: "0.0.1" } }],
    }),
  ],
  [
    "an entry of a log with a member that nobody knows",
    material({ publicKey: hint, tlogEntries: [{ ...soundEntry, comment: "x" }] }),
  ],
  ["an annotation of the subject that is a number", statement('"annotations":{}', '"annotations":{"a":1}')],
  ["a digest that is a number", statement('{"sha256"', '{"sha512":1,"sha256"')],
  [
    "version 0.4",
    bundled({
      edit: (b) => ({ ...b, mediaType: "application/vnd.dev.sigstore.bundle.v0.4+json" }),
      layer: { mediaType: "application/vnd.dev.sigstore.bundle.v0.4+json" },
      manifest: { artifactType: "application/vnd.dev.sigstore.bundle.v0.4+json" },
    }),
  ],
  ["version 9.9 in the bundle", bundled({ edit: (b) => ({ ...b, mediaType: older("9.9") }) })],
  [
    "version 0.3 with a space",
    bundled({ edit: (b) => ({ ...b, mediaType: "application/vnd.dev.sigstore.bundle+json; version=0.3" }) }),
  ],
  ["another type in the bundle", bundled({ edit: (b) => ({ ...b, mediaType: "application/json" }) })],
  ["a type in capitals in the bundle", bundled({ edit: (b) => ({ ...b, mediaType: bundleType.toUpperCase() }) })],
  ["no type in the bundle", bundled({ edit: ({ mediaType: _, ...rest }) => rest })],
  ["another layer type", bundled({ layer: { mediaType: "application/json" } })],
  ["a layer type in capitals", bundled({ layer: { mediaType: bundleType.toUpperCase() } })],
  ["a layer type with a parameter", bundled({ layer: { mediaType: `${bundleType};x=1` } })],
  ["another artifact type", bundled({ manifest: { artifactType: "application/json" } })],
  ["the empty config's type as artifact type of the entry", bundled({ listed: { artifactType: emptyType } })],
  ["no artifact type of the entry", bundled({ listed: { artifactType: undefined } })],
  ["another artifact type of the entry", bundled({ listed: { artifactType: "application/json" } })],
  ["no annotations", bundled({ manifest: { annotations: undefined }, listed: { annotations: undefined } })],
  [
    "annotations that say something else",
    bundled({
      manifest: {
        annotations: { "dev.sigstore.bundle.content": "message-signature", "dev.sigstore.bundle.predicateType": "x" },
      },
    }),
  ],
  ["no subject", bundled({ manifest: { subject: undefined } })],
  ["another subject", bundled({ manifest: { subject: describe(manifestType, "other") } })],
  ["two layers", bundled({ layers: (layer) => [layer, layer] })],
  ["a good layer before another", bundled({ layers: (layer) => [layer, { content: "x", mediaType: "text/plain" }] })],
  ["a good layer after another", bundled({ layers: (layer) => [{ content: "x", mediaType: "text/plain" }, layer] })],
  ["no layers", bundled({ layers: () => [] })],
  ["a payload for URLs", envelope((one) => ({ ...one, payload: urlSafe(one.payload) }))],
  [
    "a payload without padding",
    bundled((image) => ({
      statement: `${statementText(image)} `,
      edit: (b) => ({ ...b, dsseEnvelope: { ...b.dsseEnvelope, payload: b.dsseEnvelope.payload.replace(/=+$/, "") } }),
    })),
  ],
  ["line breaks in the payload", envelope((one) => ({ ...one, payload: one.payload.replace(/(.{64})/g, "$1\n") }))],
  [
    "a signature for URLs",
    envelope((one) => ({ ...one, signatures: one.signatures.map(({ sig }) => ({ sig: urlSafe(sig) })) })),
  ],
  [
    "a signature without padding",
    envelope((one) => ({ ...one, signatures: one.signatures.map(({ sig }) => ({ sig: sig.replace(/=+$/, "") })) })),
  ],
  [
    "line breaks in the signature",
    envelope((one) => ({
      ...one,
      signatures: one.signatures.map(({ sig }) => ({ sig: sig.replace(/(.{20})/g, "$1\n") })),
    })),
  ],
  [
    "names as they are in the schema",
    bundled({
      text: (t) =>
        t
          .replace('"mediaType"', '"media_type"')
          .replace('"verificationMaterial"', '"verification_material"')
          .replace('"dsseEnvelope"', '"dsse_envelope"'),
    }),
  ],
  ["names in capitals", textual('"dsseEnvelope"', '"DsseEnvelope"')],
  ["a member twice", textual('{"mediaType"', `{"mediaType":"${bundleType}","mediaType"`)],
  ["a member under both of its names", textual('{"mediaType"', `{"media_type":"${bundleType}","mediaType"`)],
  ["something behind the bundle", bundled({ text: (text) => `${text}{}` })],
  ["white space behind the bundle", bundled({ text: (text) => `${text}\n` })],
  ["a byte order mark", bundled({ text: (text) => `\uFEFF${text}` })],
  ["no material", bundled({ edit: ({ verificationMaterial: _, ...rest }) => rest })],
  ["material that is null", material(null)],
  ["material that is empty", material({})],
  ["a key that is null", material({ publicKey: null })],
  ["a key without a hint", material({ publicKey: {} })],
  ["another hint", material({ publicKey: hint })],
  ["a certificate in place of the key", material({ certificate: { rawBytes: "AAAA" } })],
  ["a certificate that is none beside the key", material({ publicKey: hint, certificate: { rawBytes: "AAAA" } })],
  ["a chain in place of the key", material({ x509CertificateChain: { certificates: [{ rawBytes: "AAAA" }] } })],
  ["entries of a log: none", material({ publicKey: hint, tlogEntries: [] })],
  ["entries of a log that are null", material({ publicKey: hint, tlogEntries: null })],
  ["an empty entry of a log", material({ publicKey: hint, tlogEntries: [{}] })],
  [
    "an entry of a log with nothing sound in it",
    material({
      publicKey: hint,
      tlogEntries: [
        {
          logIndex: "1",
          logId: { keyId: "AAAA" },
          kindVersion: { kind: "dsse", version: "0.0.1" },
          integratedTime: "1",
          inclusionPromise: { signedEntryTimestamp: "AAAA" },
          canonicalizedBody: base64("{}"),
        },
      ],
    }),
  ],
  ["time stamps: none", material({ publicKey: hint, timestampVerificationData: {} })],
  [
    "a time stamp that is none",
    material({ publicKey: hint, timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: "AAAA" }] } }),
  ],
  [
    "a time stamp with a member that nobody knows",
    material({ publicKey: hint, timestampVerificationData: { comment: "x" } }),
  ],
  ["another payload type", bundled({ payloadType: "application/json" })],
  ["a payload type in capitals", bundled({ payloadType: payloadType.toUpperCase() })],
  ["a payload type with a parameter", bundled({ payloadType: `${payloadType};x=1` })],
  [
    "a message in place of the envelope",
    bundled((image) => ({
      edit: ({ dsseEnvelope: _, ...rest }) => ({
        ...rest,
        messageSignature: {
          messageDigest: {
            algorithm: "SHA2_256",
            digest: Buffer.from(image.digest.slice(7), "hex").toString("base64"),
          },
          signature: "AAAA",
        },
      }),
    })),
  ],
  ["a message beside the envelope", bundled({ edit: (b) => ({ ...b, messageSignature: { signature: "AAAA" } }) })],
  ["an older type of statement", statement("Statement/v1", "Statement/v0.1")],
  ["another type of statement", statement("Statement/v1", "Statement/v9")],
  ["an attestation", statement("https://sigstore.dev/cosign/sign/v1", "https://example.test/predicate")],
  ["no predicate type", statement('"predicateType":"https://sigstore.dev/cosign/sign/v1",', "")],
  ["no predicate", statement(',"predicate":{}', "")],
  ["a predicate that is null", statement('"predicate":{}', '"predicate":null')],
  ["a predicate with something in it", statement('"predicate":{}', '"predicate":{"a":[1]}')],
  ["a predicate that is a text", statement('"predicate":{}', '"predicate":"x"')],
  ["no subject in the statement", statement(/"subject":\[.*?\],/, '"subject":[],')],
  ["a subject that is null", statement(/"subject":\[.*?\],/, '"subject":null,')],
  ["a member that nobody knows in the statement", statement('{"_type"', '{"x":1,"_type"')],
  ["a member that nobody knows in the subject", statement('{"digest"', '{"x":1,"digest"')],
  ["a name in the subject", statement('{"digest"', '{"name":"x","digest"')],
  ["a name in the schema's spelling", statement('"predicateType"', '"predicate_type"')],
  ["a member of the statement twice", statement('{"_type"', '{"_type":"https://in-toto.io/Statement/v1","_type"')],
  [
    "a digest in capitals",
    bundled((image) => ({
      statement: statementText(image).replace(image.digest.slice(7), image.digest.slice(7).toUpperCase()),
    })),
  ],
  ["the algorithm in capitals", statement('"sha256"', '"SHA256"')],
  ["two digests, one of them wrong", statement('{"sha256"', '{"sha512":"00","sha256"')],
  [
    "another digest",
    bundled((image) => ({ statement: statementText(image).replace(image.digest.slice(7), "0".repeat(64)) })),
  ],
  ["annotations of the subject that are null", statement('"annotations":{}', '"annotations":null')],
  ["no annotations of the subject", statement(',"annotations":{}', "")],
  ["something behind the statement", bundled((image) => ({ statement: `${statementText(image)}{}` }))],
  ["white space behind the statement", bundled((image) => ({ statement: `${statementText(image)}\n` }))],
  [
    "P-384 with SHA-256",
    bundled({ key: p384.publicKey, sign: (bytes) => sign("sha256", bytes, p384.privateKey) }),
    p384.publicKey,
  ],
  [
    "P-384 with SHA-384",
    bundled({ key: p384.publicKey, sign: (bytes) => sign("sha384", bytes, p384.privateKey) }),
    p384.publicKey,
  ],
  [
    "P-521 with SHA-256",
    bundled({ key: p521.publicKey, sign: (bytes) => sign("sha256", bytes, p521.privateKey) }),
    p521.publicKey,
  ],
  [
    "P-521 with SHA-512",
    bundled({ key: p521.publicKey, sign: (bytes) => sign("sha512", bytes, p521.privateKey) }),
    p521.publicKey,
  ],
  [
    "Ed25519",
    bundled({ key: ed25519.publicKey, sign: (bytes) => sign(null, bytes, ed25519.privateKey) }),
    ed25519.publicKey,
  ],
  ["RSA 2048", bundled({ key: rsa.publicKey, sign: (bytes) => sign("sha256", bytes, rsa.privateKey) }), rsa.publicKey],
  [
    "raw halves",
    bundled({ sign: (bytes) => sign("sha256", bytes, { key: usual.privateKey, dsaEncoding: "ieee-p1363" }) }),
  ],
];

/** Sigstore bundles in a referrer. */
export const bundleEdges: readonly Edge[] = edgesOf("bundle", usual.publicKey, rows);
