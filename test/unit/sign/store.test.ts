import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseImageName } from "../../../src/oci/image-name.js";
import { parseManifest } from "../../../src/oci/manifest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { bundleType, notaryType, simpleSigningLayer } from "../../../src/oci/signature-formats.js";
import { attach, signatureManifest } from "../../../src/sign/attach.js";
import { localKey } from "../../../src/sign/local-key.js";
import type { Signature, SignatureFormat } from "../../../src/sign/signature.js";
import { sigstoreSigner } from "../../../src/sign/sigstore/signer.js";
import { sigstoreVerifier } from "../../../src/sign/sigstore/verifier.js";
import { listSignatures } from "../../../src/sign/store.js";
import { expectedError } from "../../support/expected-error.js";
import { attachedSource, attachedTarget, type Kept } from "../../support/images/kept-attachments.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";

const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
const signer = sigstoreSigner(localKey(keys.privateKey, { name: "the key" }));
const verifier = sigstoreVerifier([keys.publicKey]);

/** An image in memory, with nothing beside it yet. */
function scene() {
  const place = new MemoryPlace();
  const descriptor = addImage(place, { layers: [{ mediaType: "x", bytes: Buffer.from("layer") }] });
  place.names.set("a", descriptor);
  const kept: Kept = { referrers: [], sig: undefined, messages: [] };
  return {
    place,
    descriptor,
    kept,
    source: attachedSource(place, "a", kept),
    target: attachedTarget(place, "a", kept),
  };
}

async function signed(descriptor: Descriptor, format: SignatureFormat, claims: Record<string, string> = {}) {
  const image = { descriptor, identity: parseImageName("registry.example.test/app:v1") };
  return await signer.sign({ format, image, claims, now: new Date() });
}

async function validCount(signatures: readonly Signature[], descriptor: Descriptor): Promise<number> {
  const image = { descriptor, identity: undefined };
  const verdicts = await Promise.all(
    signatures
      .filter(({ format }) => verifier.formats.includes(format))
      .map(async (signature) => await verifier.verify(signature, image, new Date())),
  );
  return verdicts.filter(({ verdict }) => verdict === "accepted").length;
}

/** Puts a referrer there, whatever it says. */
function addReferrer(place: MemoryPlace, kept: Kept, manifest: object, entry: object = {}): void {
  const descriptor = place.add(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...manifest,
  });
  kept.referrers.push({ ...descriptor, ...entry });
}

test("signatures of all formats are found again as they were attached", async () => {
  const { descriptor, kept, source, target } = scene();
  const made: readonly Signature[] = [
    await signed(descriptor, "sig"),
    await signed(descriptor, "bundle"),
    { format: "jws", subject: descriptor.digest, content: Buffer.from("{}"), annotations: { t: "[]" }, where: "" },
    { format: "cose", subject: descriptor.digest, content: Buffer.of(0xd2), annotations: {}, where: "" },
    { format: "gpg", subject: descriptor.digest, content: Buffer.of(0xa3, 1), annotations: {}, where: "" },
  ];
  const digests = await attach(target, descriptor, made);
  const { signatures, broken } = await listSignatures(source, descriptor.digest);
  assert.deepEqual(broken, []);
  assert.deepEqual(
    signatures.map(({ where, content, referrer, ...rest }) => ({ ...rest, content: Buffer.from(content), where: "" })),
    made.map((one) => ({ ...one, content: Buffer.from(one.content) })),
  );
  assert.deepEqual(
    signatures.map(({ referrer }) => referrer),
    [undefined, ...kept.referrers.map(({ digest }) => digest), undefined],
  );
  assert.equal(await validCount(signatures, descriptor), 2);
  assert.deepEqual(digests, [
    digestOf(made[0]?.content ?? Buffer.of()),
    ...kept.referrers.map(({ digest }) => digest),
    digestOf(Buffer.of(0xa3, 1)),
  ]);
  assert.deepEqual(
    kept.referrers.map(({ artifactType }) => artifactType),
    [bundleType, notaryType, notaryType],
  );
});

test("a bundle's referrer is written as OCI 1.1 has it, one of notation in the older form", async () => {
  const { place, descriptor, kept, target } = scene();
  const jws = {
    format: "jws",
    subject: descriptor.digest,
    content: Buffer.from("{}"),
    annotations: {},
    where: "",
  } as const;
  await attach(target, { ...descriptor, annotations: { no: "matter" } }, [await signed(descriptor, "bundle"), jws]);
  const [bundle, notary] = kept.referrers.map(({ digest }) => JSON.parse(place.text(digest)));
  const empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  const subject = { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size };
  assert.equal(bundle.artifactType, bundleType);
  assert.deepEqual(bundle.config, { mediaType: "application/vnd.oci.empty.v1+json", digest: empty, size: 2 });
  assert.deepEqual(bundle.subject, subject);
  assert.equal(bundle.annotations["dev.sigstore.bundle.content"], "dsse-envelope");
  assert.equal("artifactType" in notary, false);
  assert.deepEqual(notary.config, { mediaType: notaryType, digest: empty, size: 2 });
  assert.equal(notary.layers[0].mediaType, "application/jose+json");
  assert.equal(place.text(empty), "{}");
});

test("a second signer is added to the digest tag, and the same signature is not added twice", async () => {
  const { descriptor, source, target } = scene();
  const first = await signed(descriptor, "sig");
  await attach(target, descriptor, [first]);
  await attach(target, descriptor, [first, await signed(descriptor, "sig", { env: "prod" })]);
  const { signatures } = await listSignatures(source, descriptor.digest);
  assert.equal(await validCount(signatures, descriptor), 2);
  assert.equal(signatures.length, 2);
});

test("the newer form of notation's manifest and the experimental one of cosign are read", async () => {
  const { place, descriptor, kept, source } = scene();
  const sig = await signed(descriptor, "sig");
  const empty = place.add("application/vnd.oci.empty.v1+json", "{}");
  addReferrer(place, kept, {
    artifactType: notaryType,
    config: empty,
    layers: [place.add("application/cose", "envelope")],
    subject: descriptor,
  });
  addReferrer(place, kept, {
    config: place.add("application/vnd.dev.cosign.artifact.sig.v1+json", "{}"),
    layers: [{ ...place.add(simpleSigningLayer, sig.content), annotations: sig.annotations }],
    subject: descriptor,
  });
  const { signatures, broken } = await listSignatures(source, descriptor.digest);
  assert.deepEqual(
    signatures.map(({ format }) => format),
    ["cose", "sig"],
  );
  assert.deepEqual(broken, []);
  assert.equal(await validCount(signatures, descriptor), 1);
});

test("what refers to an image and is not a signature is passed over", async () => {
  const { place, descriptor, kept, source } = scene();
  const config = place.add("application/vnd.oci.empty.v1+json", "{}");
  const subject = descriptor;
  addReferrer(place, kept, {
    artifactType: "application/spdx+json",
    config,
    layers: [place.add("application/spdx+json", "{}")],
    subject,
  });
  addReferrer(place, kept, {
    artifactType: "other",
    config,
    layers: [place.add("application/jose+json", "{}")],
    subject,
  });
  const index = place.add(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [],
    subject,
  });
  kept.referrers.push(index);
  assert.deepEqual(await listSignatures(source, descriptor.digest), { signatures: [], broken: [] });
});

test("a Docker manifest under the digest tag is read", async () => {
  const { place, descriptor, kept, source } = scene();
  const { content, annotations } = await signed(descriptor, "sig");
  kept.sig = place.add(mediaTypes.dockerManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: place.add(mediaTypes.dockerConfig, "{}"),
    layers: [{ ...place.add(simpleSigningLayer, content), annotations }],
  });
  const { signatures } = await listSignatures(source, descriptor.digest);
  assert.equal(await validCount(signatures, descriptor), 1);
});

test("a list that cannot be read is reported, and hides no signature of another list", async () => {
  const { descriptor, source, target } = scene();
  await attach(target, descriptor, [await signed(descriptor, "bundle")]);
  const failing = {
    ...source,
    digestTag: () => Promise.reject(new OciEncError("DENIED", "not allowed")),
    simpleSignatures: () => Promise.reject(new OciEncError("UNAVAILABLE", "no answer")),
  };
  const { signatures, broken } = await listSignatures(failing, descriptor.digest);
  assert.equal(await validCount(signatures, descriptor), 1);
  assert.deepEqual(
    broken.map(({ failure }) => failure.code),
    ["DENIED", "UNAVAILABLE"],
  );
  const aborted = { ...source, referrers: () => Promise.reject(new OciEncError("ABORTED", "interrupted")) };
  await assert.rejects(listSignatures(aborted, descriptor.digest), expectedError("ABORTED"));
});

test("a source without attachments has no signatures, and such a target takes none", async () => {
  const { place, descriptor } = scene();
  const none = { signatures: [], broken: [] };
  assert.deepEqual(await listSignatures(place.source("a"), descriptor.digest), none);
  const attached = attach(place.target("a"), descriptor, [await signed(descriptor, "sig")]);
  await assert.rejects(attached, expectedError("UNSUPPORTED", /cannot keep signatures/));
});

test("abuse: a signature of another digest, tagged for this one, is refused", async () => {
  const { place, descriptor, kept, source } = scene();
  const another = { ...descriptor, digest: digestOf(Buffer.from("another")) };
  const manifest = signatureManifest([await signed(another, "sig")]);
  place.add(simpleSigningLayer, (await signed(another, "sig")).content);
  kept.sig = place.add(mediaTypes.ociManifest, manifest.bytes);
  const { signatures } = await listSignatures(source, descriptor.digest);
  assert.equal(signatures.length, 1);
  assert.equal(await validCount(signatures, descriptor), 0);
});

const hostileTags: readonly (readonly [string, (place: MemoryPlace) => Descriptor, RegExp])[] = [
  ["garbage", (place) => place.add(mediaTypes.ociManifest, "garbage"), /not sound JSON/],
  [
    "an index",
    (place) => place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }),
    /an index stands/,
  ],
  [
    "10000 layers",
    (place) => withLayers(place, Array(10_000).fill(place.add(simpleSigningLayer, "x"))),
    /10000 entries/,
  ],
  ["200 layers", (place) => withLayers(place, Array(200).fill(place.add(simpleSigningLayer, "x"))), /200 are too many/],
  [
    "a payload of 5 GB",
    (place) => withLayers(place, [{ ...place.add(simpleSigningLayer, "x"), size: 5 * 1024 ** 3 }]),
    /5368709120 bytes; 4194304 are allowed/,
  ],
  [
    "a manifest of 5 GB",
    (place) => ({ ...place.add(mediaTypes.ociManifest, "x"), size: 5 * 1024 ** 3 }),
    /are allowed/,
  ],
  [
    "a payload that is not there",
    (place) => withLayers(place, [{ mediaType: simpleSigningLayer, digest: digestOf(Buffer.from("gone")), size: 4 }]),
    /no blob/,
  ],
  [
    "a payload of another content",
    (place) => {
      const layer = place.add(simpleSigningLayer, "good");
      place.blobs.set(layer.digest, Buffer.from("evil"));
      return withLayers(place, [layer]);
    },
    /has the digest/,
  ],
];
for (const [what, make, reason] of hostileTags) {
  test(`abuse: ${what} under the digest tag is reported, and hides no valid bundle`, async () => {
    const { place, descriptor, kept, source, target } = scene();
    await attach(target, descriptor, [await signed(descriptor, "bundle")]);
    kept.sig = make(place);
    const { signatures, broken } = await listSignatures(source, descriptor.digest);
    assert.equal(await validCount(signatures, descriptor), 1);
    assert.equal(broken.length, 1);
    assert.match(broken[0]?.failure.message ?? "", reason);
    assert.ok(signatures.length <= 129);
  });
}

test("abuse: a referrer whose subject is another digest, or nothing, is reported and not taken", async () => {
  const { place, descriptor, kept, source } = scene();
  const { content } = await signed(descriptor, "bundle");
  const parts = {
    artifactType: bundleType,
    config: place.add("application/vnd.oci.empty.v1+json", "{}"),
    layers: [place.add(bundleType, content)],
  };
  addReferrer(place, kept, { ...parts, subject: { ...descriptor, digest: digestOf(Buffer.from("another")) } });
  addReferrer(place, kept, parts);
  const { signatures, broken } = await listSignatures(source, descriptor.digest);
  assert.deepEqual(signatures, []);
  assert.deepEqual(
    broken.map(({ failure }) => failure.code),
    ["UNTRUSTED", "UNTRUSTED"],
  );
});

test("abuse: a thousand other referrers do not hide a signature", async () => {
  const { place, descriptor, kept, source, target } = scene();
  const config = place.add("application/vnd.oci.empty.v1+json", "{}");
  for (let count = 0; count < 1_000; count += 1) {
    addReferrer(place, kept, { artifactType: `other/${count}`, config, layers: [], subject: descriptor });
  }
  await attach(target, descriptor, [await signed(descriptor, "bundle")]);
  const { signatures, broken } = await listSignatures(source, descriptor.digest);
  assert.equal(await validCount(signatures, descriptor), 1);
  assert.match(broken[0]?.failure.message ?? "", /1001 are too many/);
});

test("abuse: a list of referrers that lists itself, or the image, is not followed", async () => {
  const { place, descriptor, kept, source } = scene();
  const list = place.add(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [descriptor],
  });
  kept.referrers.push(list, descriptor, list);
  assert.deepEqual(await listSignatures(source, descriptor.digest), { signatures: [], broken: [] });
});

test("a stored message is recognised by its first byte, and what is not a signature is reported", async () => {
  const { descriptor, kept, source } = scene();
  const { content, annotations } = await signed(descriptor, "sig");
  const typed = (mimeType: string) =>
    `\0sigstore-json\n${JSON.stringify({ mimeType, payload: Buffer.from(content).toString("base64"), annotations })}`;
  kept.messages.push(
    Buffer.of(0x90, 1),
    Buffer.from(typed(simpleSigningLayer)),
    Buffer.from(typed("application/vnd.dsse.envelope.v1+json")),
    Buffer.from("-----BEGIN PGP MESSAGE-----"),
    Buffer.from("\0other\n{}"),
    Buffer.from("\0"),
    Buffer.of(),
  );
  const { signatures, broken } = await listSignatures(source, descriptor.digest);
  assert.deepEqual(
    signatures.map(({ format }) => format),
    ["gpg", "sig"],
  );
  assert.equal(await validCount(signatures, descriptor), 1);
  assert.deepEqual(
    broken.map(({ failure }) => failure.code),
    ["UNSUPPORTED", "CORRUPT", "UNSUPPORTED", "CORRUPT", "CORRUPT"],
  );
});

test("the manifest for a digest tag has one diff ID for each layer", async () => {
  const { descriptor } = scene();
  const made = signatureManifest([await signed(descriptor, "sig"), await signed(descriptor, "sig", { a: "b" })]);
  const manifest = parseManifest(made.bytes, made.descriptor.mediaType);
  assert.equal(manifest.kind, "manifest");
  assert.equal(manifest.config.digest, digestOf(made.config));
  assert.deepEqual(
    JSON.parse(Buffer.from(made.config).toString()).rootfs.diff_ids,
    manifest.layers.map(({ digest }) => digest),
  );
});

function withLayers(place: MemoryPlace, layers: readonly Descriptor[]): Descriptor {
  const config = place.add(mediaTypes.ociConfig, "{}");
  return place.add(mediaTypes.ociManifest, { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
}
