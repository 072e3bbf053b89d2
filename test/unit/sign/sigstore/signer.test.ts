import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { parseImageName } from "../../../../src/oci/image-name.js";
import { bundleType } from "../../../../src/oci/signature-formats.js";
import { localKey } from "../../../../src/sign/local-key.js";
import type { Signature, SignatureFormat } from "../../../../src/sign/signature.js";
import type { SignRequest } from "../../../../src/sign/signer.js";
import type { SigningKey } from "../../../../src/sign/signing-key.js";
import { signedBytes, statementPayloadType, writeBundle } from "../../../../src/sign/sigstore/bundle.js";
import { sigstoreKeyName } from "../../../../src/sign/sigstore/key-kind.js";
import { sigstoreSigner } from "../../../../src/sign/sigstore/signer.js";
import { sigstoreVerifier } from "../../../../src/sign/sigstore/verifier.js";
import { signatureAnnotation } from "../../../../src/sign/simple-signing/payload.js";
import { expectedError } from "../../../support/expected-error.js";
import { signedSubject } from "../../../support/signing/signed-vectors.js";

const descriptor = signedSubject();
const identity = parseImageName("registry.example.test/team/app:v1");
const image = { descriptor, identity };
const now = new Date("2026-02-03T04:05:06.789Z");

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const other = generateKeyPairSync("ec", { namedCurve: "P-256" });

function keyOf({ privateKey }: Pair): SigningKey {
  return localKey(privateKey, { name: sigstoreKeyName(privateKey) });
}

function request(format: SignatureFormat, more: Partial<SignRequest> = {}): SignRequest {
  return { format, image, claims: {}, now, ...more };
}

const kinds: readonly (readonly [string, Pair])[] = [
  ["P-256", pair],
  ["P-384", generateKeyPairSync("ec", { namedCurve: "P-384" })],
  ["P-521", generateKeyPairSync("ec", { namedCurve: "P-521" })],
  ["RSA 2048", generateKeyPairSync("rsa", { modulusLength: 2048 })],
  ["Ed25519", generateKeyPairSync("ed25519")],
];
for (const [name, keys] of kinds) {
  test(`what a key of the kind ${name} signs, its public key accepts in both formats`, async () => {
    const signer = sigstoreSigner(keyOf(keys));
    for (const format of signer.usual) {
      const signature = await signer.sign(request(format, { claims: { env: "prod" } }));
      const verifier = sigstoreVerifier([other.publicKey, keys.publicKey], { claims: { env: "prod" } });
      const verdict = await verifier.verify(signature, image, now);
      assert.equal(verdict.verdict, "accepted");
      assert.equal(verdict.signer, sigstoreKeyName(keys.publicKey));
      assert.deepEqual(verdict.claims, { env: "prod" });
      assert.match(verdict.notes.join(), /never expires/);
    }
  });
}

test("a sig is over cosign's payload: the repository without a tag, claims or null", async () => {
  const plain = await sigstoreSigner(keyOf(pair)).sign(request("sig"));
  assert.equal(
    Buffer.from(plain.content).toString(),
    `{"critical":{"identity":{"docker-reference":"registry.example.test/team/app"},"image":{"docker-manifest-digest":"${descriptor.digest}"},"type":"cosign container image signature"},"optional":null}`,
  );
  const asked = request("sig", { identity, claims: { b: "2", a: "1" } });
  const full = Buffer.from((await sigstoreSigner(keyOf(pair)).sign(asked)).content).toString();
  assert.match(full, /"docker-reference":"registry.example.test\/team\/app:v1"/);
  assert.match(full, /"optional":\{"a":"1","b":"2"\}\}$/);
});

test("a bundle has a hint, no key id, and the annotations by which cosign lists it", async () => {
  const { annotations, content } = await sigstoreSigner(keyOf(pair)).sign(request("bundle"));
  const bundle = JSON.parse(Buffer.from(content).toString());
  assert.equal(bundle.mediaType, bundleType);
  const spki = pair.publicKey.export({ type: "spki", format: "der" });
  const hint = Buffer.from(digestOf(spki).slice("sha256:".length), "hex").toString("base64");
  assert.deepEqual(bundle.verificationMaterial, { publicKey: { hint } });
  assert.deepEqual(Object.keys(bundle.dsseEnvelope.signatures[0]), ["sig"]);
  assert.deepEqual(JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()), {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: descriptor.digest.slice("sha256:".length) }, annotations: {} }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
  });
  assert.deepEqual(annotations, {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
    "org.opencontainers.image.created": "2026-02-03T04:05:06Z",
  });
});

test("a signature is made already when key, image, claims and name are the same", async () => {
  const signer = sigstoreSigner(keyOf(pair));
  for (const format of ["sig", "bundle"] as const) {
    const claims = { env: "prod" };
    const existing = await signer.sign(request(format, { claims }));
    const repeats = (signature: Signature, more: Partial<SignRequest> = {}) =>
      signer.repeats(signature, request(format, { claims, ...more }));
    assert.equal(await repeats(existing), true);
    assert.equal(await repeats(existing, { claims: {} }), false);
    assert.equal(await repeats(existing, { claims: { env: "prod", more: "1" } }), false);
    const moved = { descriptor: { ...descriptor, digest: digestOf(Buffer.from("x")) }, identity };
    assert.equal(await repeats(existing, { image: moved }), false);
    assert.equal(await repeats(existing, { identity }), format === "bundle");
    assert.equal(await repeats({ ...existing, content: Buffer.from("garbage") }), false);
    assert.equal(await repeats({ ...existing, format: format === "sig" ? "bundle" : "sig" }), false);
    assert.equal(await sigstoreSigner(keyOf(other)).repeats(existing, request(format, { claims })), false);
  }
});

test("a forged copy of what is to be signed does not keep the signer from signing", async () => {
  const forged = await sigstoreSigner(keyOf(other)).sign(request("sig"));
  assert.equal(await sigstoreSigner(keyOf(pair)).repeats(forged, request("sig")), false);
});

test("a token signs once for a request that is compared and then signed", async () => {
  let asked = 0;
  const inner = keyOf(pair);
  const token: SigningKey = {
    name: "a token",
    async sign(bytes, how) {
      asked += 1;
      return await inner.sign(bytes, how);
    },
  };
  const signer = sigstoreSigner(token);
  const one = request("sig");
  const forged = await sigstoreSigner(keyOf(other)).sign(one);
  assert.equal(await signer.repeats(forged, one), false);
  await signer.sign(one);
  assert.equal(asked, 1);
});

test("what a format cannot hold is refused and not dropped", async () => {
  const signer = sigstoreSigner(keyOf(pair));
  await assert.rejects(signer.sign(request("bundle", { expiresAt: now })), expectedError("UNSUPPORTED", /expire/));
  await assert.rejects(signer.sign(request("gpg")), expectedError("UNSUPPORTED", /format gpg/));
  const nameless = { descriptor, identity: undefined };
  await assert.rejects(signer.sign(request("sig", { image: nameless })), expectedError("USAGE", /no name/));
  assert.equal((await signer.sign(request("bundle", { image: nameless }))).format, "bundle");
});

/** A `sig` over any bytes, by the pair's key. */
function crafted(
  content: string | Uint8Array,
  encode: (signature: Buffer) => string = (bytes) => bytes.toString("base64"),
) {
  const bytes = Buffer.from(content);
  const annotations = { [signatureAnnotation]: encode(sign("sha256", bytes, pair.privateKey)) };
  return { format: "sig", subject: descriptor.digest, content: bytes, annotations, where: "" } as const;
}

function payload(members: object, optional: unknown = null): string {
  const critical = {
    identity: { "docker-reference": "registry.example.test/team/app" },
    image: { "docker-manifest-digest": descriptor.digest },
    type: "cosign container image signature",
    ...members,
  };
  return JSON.stringify({ critical, optional });
}

const verifier = sigstoreVerifier([pair.publicKey]);

test("raw r‖s and line breaks are accepted; trailing bytes and the larger hash of a larger curve are not, as in cosign", async () => {
  const bytes = Buffer.from(payload({}));
  const raw = sign("sha256", bytes, { key: pair.privateKey, dsaEncoding: "ieee-p1363" });
  const verdictOn = async (signature: Signature, keys = verifier) => (await keys.verify(signature, image, now)).verdict;
  assert.equal(await verdictOn(crafted(bytes, () => raw.toString("base64"))), "accepted");
  assert.equal(
    await verdictOn(crafted(bytes, (der) => der.toString("base64").replace(/.{20}/g, "$&\r\n"))),
    "accepted",
  );
  assert.equal(
    await verdictOn(crafted(bytes, (der) => Buffer.concat([der, Buffer.of(0)]).toString("base64"))),
    "refused",
  );
  // One in a hundred has the same text in both alphabets.
  const inUrls = () => crafted(bytes, (der) => der.toString("base64url"));
  let other = inUrls();
  while (!/[-_]/.test(other.annotations[signatureAnnotation])) other = inUrls();
  assert.equal(await verdictOn(other), "refused");
  for (const [namedCurve, hash] of [
    ["P-384", "sha384"],
    ["P-521", "sha512"],
  ] as const) {
    const keys = generateKeyPairSync("ec", { namedCurve });
    const own = crafted(bytes, () => sign(hash, bytes, keys.privateKey).toString("base64"));
    assert.equal(await verdictOn(own, sigstoreVerifier([keys.publicKey])), "refused");
  }
});

const refusals: readonly (readonly [string, string, "CORRUPT" | "UNTRUSTED"])[] = [
  ["of another type", payload({ type: "atomic container signature" }), "UNTRUSTED"],
  ["of another digest", payload({ image: { "docker-manifest-digest": digestOf(Buffer.of()) } }), "UNTRUSTED"],
  ["with a hostile digest", payload({ image: { "docker-manifest-digest": "sha256:../../x" } }), "CORRUPT"],
  ["with an unknown member in critical", payload({ more: 1 }), "CORRUPT"],
  ["with an unknown member in the identity", payload({ identity: { "docker-reference": "a", more: 1 } }), "CORRUPT"],
  ["with an identity that is not text", payload({ identity: { "docker-reference": 1 } }), "CORRUPT"],
  ["with optional as a list", payload({}, []), "CORRUPT"],
  ["with a creator that is not text", payload({}, { creator: 1 }), "CORRUPT"],
  ["with a timestamp that is not an integer", payload({}, { timestamp: 1.5 }), "CORRUPT"],
  ["with an unknown member at the top", `{"more":1,${payload({}).slice(1)}`, "CORRUPT"],
  ["with a member twice", payload({}).replace('"optional"', '"optional":null,"optional"'), "CORRUPT"],
  ["with trailing data", `${payload({})}{}`, "CORRUPT"],
  ["without optional", payload({}).replace(',"optional":null', ""), "CORRUPT"],
];
for (const [what, content, code] of refusals) {
  test(`a payload ${what} is refused although its signature is valid`, async () => {
    const verdict = await verifier.verify(crafted(content), image, now);
    assert.equal(verdict.verdict === "refused" && verdict.code, code, JSON.stringify(verdict));
  });
}

test("a payload may say anything in optional, at any time", async () => {
  const verdict = await verifier.verify(crafted(payload({}, { timestamp: 1795325575, x: [{}] })), image, now);
  assert.equal(verdict.verdict === "accepted" && verdict.signedAt?.toISOString(), "2026-11-22T05:32:55.000Z");
  const far = await verifier.verify(crafted(payload({}, { timestamp: Number.MAX_SAFE_INTEGER })), image, now);
  assert.equal(far.verdict === "accepted" && far.signedAt, undefined);
});

/** A bundle of any statement, by the pair's key. */
function bundled(statement: unknown, change: (bundle: string) => string = (text) => text): Signature {
  const bytes = Buffer.from(typeof statement === "string" ? statement : JSON.stringify(statement));
  const signature = sign("sha256", signedBytes({ payload: bytes, payloadType: statementPayloadType }), pair.privateKey);
  const content = Buffer.from(change(Buffer.from(writeBundle(bytes, signature, pair.publicKey)).toString()));
  return { format: "bundle", subject: descriptor.digest, content, annotations: {}, where: "" };
}

const statement = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ digest: { sha256: descriptor.digest.slice("sha256:".length) } }],
  predicateType: "https://sigstore.dev/cosign/sign/v1",
  predicate: {},
};

const badBundles: readonly (readonly [string, Signature, string])[] = [
  ["of another statement type", bundled({ ...statement, _type: "https://in-toto.io/Statement/v0.1" }), "UNTRUSTED"],
  ["without a subject", bundled({ ...statement, subject: [] }), "CORRUPT"],
  ["of another digest", bundled({ ...statement, subject: [{ digest: { sha256: "0".repeat(64) } }] }), "UNTRUSTED"],
  [
    "with a subject of another algorithm",
    bundled({ ...statement, subject: [{ digest: { sha1: "0".repeat(40) } }] }),
    "UNTRUSTED",
  ],
  ["with a member twice", bundled(JSON.stringify(statement).replace("{", '{"predicate":{},')), "CORRUPT"],
  [
    "with annotations as a list",
    bundled({ ...statement, subject: [{ ...statement.subject[0], annotations: [] }] }),
    "CORRUPT",
  ],
  [
    "of another payload type",
    bundled(statement, (text) => text.replace(statementPayloadType, "text/plain")),
    "UNSUPPORTED",
  ],
  ["of another media type", bundled(statement, (text) => text.replace("v0.3+json", "v0.9+json")), "UNSUPPORTED"],
  [
    "without signatures",
    bundled(statement, (text) => text.replace(/"signatures":\[.*?\]/, '"signatures":[]')),
    "CORRUPT",
  ],
  ["of a message", bundled(statement, () => `{"mediaType":"${bundleType}","messageSignature":{}}`), "UNSUPPORTED"],
  ["of garbage", bundled(statement, () => "garbage"), "CORRUPT"],
];
for (const [what, signature, code] of badBundles) {
  test(`a bundle ${what} is refused`, async () => {
    const verdict = await verifier.verify(signature, image, now);
    assert.equal(verdict.verdict === "refused" && verdict.code, code, JSON.stringify(verdict));
  });
}

test("abuse: a bundle of an attestation by the right key is not a signature", async () => {
  const attestation = bundled({ ...statement, predicateType: "https://spdx.dev/Document" });
  const verdict = await verifier.verify(attestation, image, now);
  assert.equal(verdict.verdict, "refused");
  assert.match(verdict.reason, /attestation/);
});

test("abuse: escapes in claims and types come out of a refusal as text", async () => {
  const hostileText = "\u001b[2J\u001b]0;gotcha\u0007";
  const hostile = [
    crafted(payload({ type: hostileText })),
    crafted(payload({ [hostileText]: 1 })),
    bundled({ ...statement, predicateType: hostileText }),
    bundled({ ...statement, [hostileText]: 1 }),
  ];
  for (const signature of hostile) {
    const verdict = await verifier.verify(signature, image, now);
    assert.equal(verdict.verdict, "refused");
    assert.doesNotMatch(verdict.reason, /[\u0000-\u001f\u007f]/);
  }
});

test("required claims are compared exactly, in the subject that is the image", async () => {
  const required = sigstoreVerifier([pair.publicKey], { claims: { n: "3" } });
  const verdict = async (signature: Signature) => (await required.verify(signature, image, now)).verdict;
  assert.equal(await verdict(crafted(payload({}, { n: "3" }))), "accepted");
  assert.equal(await verdict(crafted(payload({}, { n: 3 }))), "refused");
  assert.equal(await verdict(crafted(payload({}, null))), "refused");
  const [own] = statement.subject;
  const stranger = { digest: { sha256: "0".repeat(64) }, annotations: { n: "3" } };
  assert.equal(await verdict(bundled({ ...statement, subject: [stranger, own] })), "refused");
  assert.equal(
    await verdict(bundled({ ...statement, subject: [own, { ...own, annotations: { n: "3" } }] })),
    "accepted",
  );
});
