import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import type { ErrorCode } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { decryptionKey, ecPair, encryptionKey } from "../../support/keys/key-pair.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const { publicKey, privateKey } = ecPair();
const size = 50_000;

/** The members of a manifest that these tests change. */
interface Editable {
  config: Descriptor;
  layers: { mediaType: string; digest: string; size: number; annotations: Record<string, string> }[];
}

/** An image of two layers of one size, sealed and named `sealed`. */
async function sealedImage(): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const layers = [0, 1].map(() => ({ mediaType: tar, bytes: randomBytes(size) }));
  place.names.set("plain", addImage(place, { layers }));
  const transform = await encryptLayers({ keys: [encryptionKey(publicKey)] });
  await copy(place.source("plain"), place.target("sealed"), { transform });
  return place;
}

/** Names an image `sealed` whose manifest has been changed; digests and sizes above it are right again. */
function changeManifest(place: MemoryPlace, change: (manifest: Editable) => void): void {
  const root = place.names.get("sealed");
  assert.ok(root);
  const manifest: Editable = JSON.parse(place.text(root.digest));
  change(manifest);
  place.names.set("sealed", place.add(mediaTypes.ociManifest, manifest));
}

function layerOf(manifest: Editable, index: number): Editable["layers"][number] {
  return manifest.layers[index] ?? assert.fail();
}

/** Puts other sealed bytes in the place of a layer's. */
function changeBytes(place: MemoryPlace, change: (bytes: Uint8Array) => Uint8Array): void {
  changeManifest(place, (manifest) => {
    const layer = layerOf(manifest, 0);
    Object.assign(layer, place.add(layer.mediaType, change(place.content(layer.digest))));
  });
}

async function isRefused(place: MemoryPlace, code: ErrorCode, why: RegExp): Promise<void> {
  place.log.length = 0;
  const transform = await decryptLayers({ keys: [decryptionKey(privateKey)] });
  await assert.rejects(copy(place.source("sealed"), place.target("opened"), { transform }), expectedError(code, why));
  assert.equal(place.names.has("opened"), false);
  assert.ok(!place.log.some((line) => line.startsWith("commit")));
}

for (const [where, at] of [
  ["at the start", 0],
  ["in the middle", size / 2],
  ["in the last byte", size - 1],
] as const) {
  test(`faults/31: a bit flipped ${where} of the encrypted bytes is refused by the HMAC`, async () => {
    const place = await sealedImage();
    changeBytes(place, (bytes) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)));
    await isRefused(place, "CORRUPT", /HMAC/);
  });
}

test("faults/32: encrypted bytes that are cut short or made longer are refused, with the manifest fixed up", async () => {
  for (const change of [
    (bytes: Uint8Array) => bytes.subarray(0, -1),
    (bytes: Uint8Array) => bytes.subarray(0, 0),
    (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(1)]),
  ]) {
    const place = await sealedImage();
    changeBytes(place, change);
    await isRefused(place, "CORRUPT", /HMAC/);
  }
});

test("faults/35: envelopes that two layers have exchanged, or that come from another image, are refused", async () => {
  const exchanged = await sealedImage();
  changeManifest(exchanged, (manifest) => {
    const [one, two] = [layerOf(manifest, 0), layerOf(manifest, 1)];
    [one.annotations, two.annotations] = [two.annotations, one.annotations];
  });
  await isRefused(exchanged, "CORRUPT", /HMAC/);

  const [copied, other] = [await sealedImage(), await sealedImage()];
  changeManifest(other, (theirs) => {
    changeManifest(copied, (manifest) => {
      const keys = "org.opencontainers.image.enc.keys.jwe";
      layerOf(manifest, 0).annotations[keys] = layerOf(theirs, 0).annotations[keys] ?? assert.fail();
    });
  });
  await isRefused(copied, "CORRUPT", /HMAC/);
});

test("faults/35: layers that have changed places together with their envelopes: the diff ids tell, where anybody asks them", async () => {
  const place = await sealedImage();
  changeManifest(place, (manifest) => manifest.layers.reverse());
  await isRefused(place, "CORRUPT", /does not have the diff id/);
  const transform = await decryptLayers({ keys: [decryptionKey(privateKey)], verifyContent: false });
  const report = await copy(place.source("sealed"), place.target("opened"), { transform });
  assert.deepEqual(
    report.layers.map(({ after }) => after?.digest),
    JSON.parse(place.text(place.names.get("plain")?.digest ?? ""))
      .layers.map((layer: Descriptor) => layer.digest)
      .reverse(),
  );
});

test("faults/36: a media type without its +encrypted, with two of them, or without an envelope is refused", async () => {
  const changes: [(layer: Editable["layers"][number]) => void, ErrorCode, RegExp][] = [
    [(layer) => Object.assign(layer, { mediaType: tar }), "CORRUPT", /says it is plain/],
    [(layer) => Object.assign(layer, { mediaType: `${tar}+encrypted+encrypted` }), "CORRUPT", /twice/],
    [(layer) => Object.assign(layer, { annotations: {} }), "CORRUPT", /pubopts/],
    [(layer) => Object.assign(layer, { mediaType: `${tar}+encrypted`, annotations: undefined }), "CORRUPT", /pubopts/],
  ];
  for (const [change, code, why] of changes) {
    const place = await sealedImage();
    changeManifest(place, (manifest) => change(layerOf(manifest, 0)));
    await isRefused(place, code, why);
  }
});
