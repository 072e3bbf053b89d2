import { constants, generateKeyPairSync, sign } from "node:crypto";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { readSigned } from "../signed-vectors.js";
import {
  type Beside,
  base64,
  describe,
  type Edge,
  type EdgeLayer,
  type EdgeRow,
  edgeName,
  edgesOf,
  type KeyPair,
  tagOf,
  usual,
  usualSignature,
} from "./edge.js";

const layerType = "application/vnd.dev.cosign.simplesigning.v1+json";
const annotation = "dev.cosignproject.cosign/signature";
const certificates = "dev.sigstore.cosign/certificate";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const dockerType = "application/vnd.docker.distribution.manifest.v2+json";

const certificate = readSigned("keys/notary/ec256-root.crt").toString();

/** A payload as it usually is. */
function payloadText({ digest }: Descriptor, optional = "null", type = "cosign container image signature"): string {
  const identity = `{"docker-reference":"${edgeName}"}`;
  return `{"critical":{"identity":${identity},"image":{"docker-manifest-digest":"${digest}"},"type":"${type}"},"optional":${optional}}`;
}

function signedLayer(content: string, more: Partial<EdgeLayer> = {}): EdgeLayer {
  return { content, mediaType: layerType, annotations: { [annotation]: usualSignature(content) }, ...more };
}

/** The `.sig` of an image with these layers. */
function underSig(image: Descriptor, layers: readonly EdgeLayer[], manifest: object = {}): Beside {
  const described = layers.map(({ content, mediaType, annotations }) => ({
    ...describe(mediaType, content),
    annotations,
  }));
  const config = JSON.stringify({
    architecture: "",
    os: "",
    config: {},
    rootfs: { type: "layers", diff_ids: described.map(({ digest }) => digest) },
  });
  const whole = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: described,
    ...manifest,
  };
  const bytes = Buffer.from(JSON.stringify(whole));
  return {
    blobs: [Buffer.from(config), Buffer.from("{}"), ...layers.map(({ content }) => Buffer.from(content))],
    manifests: [{ bytes, mediaType: whole.mediaType, tag: `${tagOf(image.digest)}.sig` }],
  };
}

/** One layer with this payload, rightly signed. */
function payload(make: (image: Descriptor) => string): EdgeRow[1] {
  return (image) => underSig(image, [signedLayer(make(image))]);
}

/** The usual payload with a piece of its text replaced. */
function edited(search: string | RegExp, replacement: string): EdgeRow[1] {
  return payload((image) => payloadText(image).replace(search, replacement));
}

function optional(text: string): EdgeRow[1] {
  return payload((image) => payloadText(image, text));
}

/** The usual payload, its signature as `write` has it. */
function annotated(write: (signature: string) => Record<string, string>): EdgeRow[1] {
  return (image) => {
    const text = payloadText(image);
    return underSig(image, [signedLayer(text, { annotations: write(usualSignature(text)) })]);
  };
}

const more = (annotations: Record<string, string>) =>
  annotated((signature) => ({ [annotation]: signature, ...annotations }));

/** By another key. */
function by(write: (bytes: Buffer) => Buffer): EdgeRow[1] {
  return (image) => {
    const text = payloadText(image);
    const signature = write(Buffer.from(text)).toString("base64");
    return underSig(image, [signedLayer(text, { annotations: { [annotation]: signature } })]);
  };
}

function hashing(hash: string | null, { privateKey }: KeyPair): EdgeRow[1] {
  return by((bytes) => sign(hash, bytes, privateKey));
}

const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
const ed25519 = generateKeyPairSync("ed25519");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const shortRsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
const pssRsa = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
const koblitz = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
const brainpool = generateKeyPairSync("ec", { namedCurve: "brainpoolP256r1" });
const p224 = generateKeyPairSync("ec", { namedCurve: "secp224r1" });

const rows: readonly EdgeRow[] = [
  ["as cosign writes it", payload((image) => payloadText(image))],
  ["white space after the payload", payload((image) => `${payloadText(image)}\n `)],
  ["a second value after the payload", payload((image) => `${payloadText(image)}{}`)],
  ["a byte order mark", payload((image) => `\uFEFF${payloadText(image)}`)],
  [
    "the digest twice, the right one last",
    payload((image) =>
      payloadText(image).replace(
        '"docker-manifest-digest":',
        `"docker-manifest-digest":"sha256:${"0".repeat(64)}","docker-manifest-digest":`,
      ),
    ),
  ],
  [
    "the digest twice, the right one first",
    payload((image) =>
      payloadText(image).replace(
        `"docker-manifest-digest":"${image.digest}"`,
        `"docker-manifest-digest":"${image.digest}","docker-manifest-digest":"sha256:${"0".repeat(64)}"`,
      ),
    ),
  ],
  [
    "the digest in two spellings",
    payload((image) =>
      payloadText(image).replace(
        '"docker-manifest-digest":',
        `"Docker-Manifest-Digest":"sha256:${"0".repeat(64)}","docker-manifest-digest":`,
      ),
    ),
  ],
  ["critical in two spellings", edited('{"critical"', '{"Critical":{},"critical"')],
  ["a capital in critical", edited('"critical"', '"Critical"')],
  ["a capital in a name", edited('"docker-manifest-digest"', '"Docker-manifest-digest"')],
  ["a name with an escape", edited('"critical"', '"\\u0063ritical"')],
  ["critical is null", edited(/"critical":.*\},"optional"/, '"critical":null,"optional"')],
  ["identity is null", edited(/"identity":\{[^}]*\}/, '"identity":null')],
  ["image is null", edited(/"image":\{[^}]*\}/, '"image":null')],
  ["the reference is null", edited(`"${edgeName}"`, "null")],
  ["the type is null", edited('"cosign container image signature"', "null")],
  ["another type", payload((image) => payloadText(image, "null", "atomic container signature"))],
  ["no type", edited(',"type":"cosign container image signature"', "")],
  ["a member that nobody knows in critical", edited('{"identity"', '{"x":1,"identity"')],
  ["a member that nobody knows at the top", edited('{"critical"', '{"x":1,"critical"')],
  ["a member that nobody knows in image", edited('{"docker-manifest-digest"', '{"x":1,"docker-manifest-digest"')],
  ["a list for the payload", payload((image) => `[${payloadText(image)}]`)],
  ["no optional", edited(',"optional":null', "")],
  ["optional is empty", optional("{}")],
  ["optional is a list", optional("[]")],
  ["optional is a text", optional('"x"')],
  ["a creator that is a number", optional('{"creator":1}')],
  ["a timestamp with a fraction of nothing", optional('{"timestamp":1.0}')],
  ["a timestamp with an exponent", optional('{"timestamp":1e3}')],
  ["a timestamp with a fraction", optional('{"timestamp":1.5}')],
  ["a timestamp that is a text", optional('{"timestamp":"1"}')],
  ["a timestamp that is null", optional('{"timestamp":null}')],
  ["a claim twice", optional('{"a":"1","a":"2"}')],
  ["a claim that is no text", optional('{"a":{"b":[1]}}')],
  ["an optional with creator in capitals", optional('{"Creator":1}')],
  [
    "a digest in capitals",
    payload((image) =>
      payloadText(image).replace(image.digest, image.digest.toUpperCase().replace("SHA256", "sha256")),
    ),
  ],
  ["a digest with another algorithm before it", payload((image) => payloadText(image).replace("sha256:", "sha512:"))],
  ["line breaks in the signature", annotated((text) => ({ [annotation]: text.replace(/(.{20})/g, "$1\n") }))],
  ["carriage returns in the signature", annotated((text) => ({ [annotation]: text.replace(/(.{20})/g, "$1\r\n") }))],
  ["spaces in the signature", annotated((text) => ({ [annotation]: text.replace(/(.{20})/g, "$1 ") }))],
  [
    "a signature for URLs",
    annotated((text) => ({ [annotation]: `${text.replaceAll("+", "-").replaceAll("/", "_")}` })),
  ],
  ["a signature without padding", annotated((text) => ({ [annotation]: text.replace(/=+$/, "") }))],
  ["a signature with another padding", annotated((text) => ({ [annotation]: `${text}====` }))],
  ["no signature", annotated(() => ({ other: "x" }))],
  ["an empty signature", annotated(() => ({ [annotation]: "" }))],
  ["a signature under another spelling", annotated((text) => ({ [annotation.toUpperCase()]: text }))],
  [
    "a signature under two spellings",
    annotated((text) => ({ [annotation.toUpperCase()]: "AAAA", [annotation]: text })),
  ],
  ["a certificate that is none", more({ [certificates]: "no certificate" })],
  ["an empty certificate", more({ [certificates]: "" })],
  [
    "a certificate that is half one",
    more({ [certificates]: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }),
  ],
  ["a chain that is none", more({ "dev.sigstore.cosign/chain": "no chain" })],
  ["an entry of a log that is none", more({ "dev.sigstore.cosign/bundle": "no entry" })],
  ["an entry of a log that is empty", more({ "dev.sigstore.cosign/bundle": "{}" })],
  [
    "an entry of a log for something else",
    more({
      "dev.sigstore.cosign/bundle": JSON.stringify({
        SignedEntryTimestamp: "AAAA",
        Payload: { body: base64("{}"), integratedTime: 1, logIndex: 1, logID: "00" },
      }),
    }),
  ],
  ["a time stamp that is none", more({ "dev.sigstore.cosign/rfc3161timestamp": "no time" })],
  ["a time stamp that is empty", more({ "dev.sigstore.cosign/rfc3161timestamp": "{}" })],
  ["a timestamp far away", optional('{"timestamp":99999999999999999999}')],
  ["a creator that is null", optional('{"creator":null}')],
  ["an entry of a log that is a list", more({ "dev.sigstore.cosign/bundle": "[]" })],
  ["an entry of a log that is null", more({ "dev.sigstore.cosign/bundle": "null" })],
  ["an entry of a log without base64", more({ "dev.sigstore.cosign/bundle": '{"SignedEntryTimestamp":"?"}' })],
  [
    "an entry of a log with a time that is a text",
    more({ "dev.sigstore.cosign/bundle": '{"Payload":{"integratedTime":"1"}}' }),
  ],
  ["an entry of a log with an id that is a number", more({ "dev.sigstore.cosign/bundle": '{"Payload":{"logID":1}}' })],
  ["an entry of a log with a payload that is a list", more({ "dev.sigstore.cosign/bundle": '{"Payload":[]}' })],
  ["a time stamp that is a list", more({ "dev.sigstore.cosign/rfc3161timestamp": "[]" })],
  ["a time stamp without base64", more({ "dev.sigstore.cosign/rfc3161timestamp": '{"SignedRFC3161Timestamp":"?"}' })],
  [
    "a time stamp with nothing sound in it",
    more({ "dev.sigstore.cosign/rfc3161timestamp": '{"SignedRFC3161Timestamp":"AAAA"}' }),
  ],
  ["a certificate of somebody", more({ [certificates]: certificate })],
  ["two certificates", more({ [certificates]: certificate + certificate })],
  [
    "a certificate and a chain that is none",
    more({ [certificates]: certificate, "dev.sigstore.cosign/chain": "no chain" }),
  ],
  ["a certificate and a chain", more({ [certificates]: certificate, "dev.sigstore.cosign/chain": certificate })],
  ["text before a certificate", more({ [certificates]: `certificate\n${certificate}` })],
  [
    "a key for a certificate",
    more({ [certificates]: String(usual.publicKey.export({ type: "spki", format: "pem" })) }),
  ],
  [
    "a layer of another type",
    (image) => underSig(image, [signedLayer(payloadText(image), { mediaType: "application/json" })]),
  ],
  [
    "a layer's type with a parameter",
    (image) => underSig(image, [signedLayer(payloadText(image), { mediaType: `${layerType};v=1` })]),
  ],
  [
    "a layer's type in capitals",
    (image) => underSig(image, [signedLayer(payloadText(image), { mediaType: layerType.toUpperCase() })]),
  ],
  ["no layers", (image) => underSig(image, [])],
  ["layers that are null", (image) => underSig(image, [], { layers: null })],
  [
    "a good layer after one of another type",
    (image) => underSig(image, [{ content: "x", mediaType: "text/plain" }, signedLayer(payloadText(image))]),
  ],
  [
    "a good layer after one that is malformed",
    (image) => underSig(image, [signedLayer("{"), signedLayer(payloadText(image))]),
  ],
  [
    "a good layer after one without a signature",
    (image) =>
      underSig(image, [{ content: payloadText(image, "{}"), mediaType: layerType }, signedLayer(payloadText(image))]),
  ],
  ["one layer twice", (image) => underSig(image, [signedLayer(payloadText(image)), signedLayer(payloadText(image))])],
  ["a manifest of Docker's", (image) => underSig(image, [signedLayer(payloadText(image))], { mediaType: dockerType })],
  [
    "an index in place of the manifest",
    (image) => {
      const { blobs, manifests } = underSig(image, [signedLayer(payloadText(image))]);
      const [inner] = manifests;
      const bytes = inner?.bytes ?? new Uint8Array();
      const list = JSON.stringify({
        schemaVersion: 2,
        mediaType: indexType,
        manifests: [describe(manifestType, bytes)],
      });
      return {
        blobs,
        manifests: [
          { bytes, mediaType: manifestType },
          { bytes: Buffer.from(list), mediaType: indexType, tag: `${tagOf(image.digest)}.sig` },
        ],
      };
    },
  ],
  [
    "the image itself in place of the manifest",
    (image, bytes) => ({
      blobs: [],
      manifests: [{ bytes, mediaType: image.mediaType, tag: `${tagOf(image.digest)}.sig` }],
    }),
  ],
  ["a manifest with a subject", (image) => underSig(image, [signedLayer(payloadText(image))], { subject: image })],
  [
    "a config of another type",
    (image) =>
      underSig(image, [signedLayer(payloadText(image))], {
        config: { ...describe("application/vnd.oci.empty.v1+json", "{}") },
      }),
  ],
  ["raw halves", by((bytes) => sign("sha256", bytes, { key: usual.privateKey, dsaEncoding: "ieee-p1363" }))],
  ["bytes behind the signature", by((bytes) => Buffer.concat([sign("sha256", bytes, usual.privateKey), Buffer.of(0)]))],
  ["SHA-384 by a key of P-256", hashing("sha384", usual)],
  ["P-384 with SHA-256", hashing("sha256", p384), p384.publicKey],
  ["P-384 with SHA-384", hashing("sha384", p384), p384.publicKey],
  ["P-521 with SHA-256", hashing("sha256", p521), p521.publicKey],
  ["P-521 with SHA-512", hashing("sha512", p521), p521.publicKey],
  ["Ed25519", hashing(null, ed25519), ed25519.publicKey],
  ["RSA 2048", hashing("sha256", rsa), rsa.publicKey],
  ["RSA 2048 with SHA-512", hashing("sha512", rsa), rsa.publicKey],
  [
    "RSA 2048 with PSS",
    by((bytes) =>
      sign("sha256", bytes, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
    ),
    rsa.publicKey,
  ],
  ["RSA 1024", hashing("sha256", shortRsa), shortRsa.publicKey],
  ["a key that says RSA-PSS", hashing("sha256", pssRsa), pssRsa.publicKey],
  ["secp256k1", hashing("sha256", koblitz), koblitz.publicKey],
  ["brainpoolP256r1", hashing("sha256", brainpool), brainpool.publicKey],
  ["P-224", hashing("sha256", p224), p224.publicKey],
];

/** Signatures under cosign's digest tag. */
export const sigEdges: readonly Edge[] = edgesOf("sig", usual.publicKey, rows);
