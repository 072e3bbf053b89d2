import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { copy } from "../../src/copy/copy.js";
import { copyImage } from "../../src/copy-image.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { isEncrypted } from "../../src/oci/media-type.js";
import { openEarlierImage } from "../../src/reuse-image.js";
import { decryptLayers } from "../../src/transform/decrypt.js";
import { type EncryptOptions, encryptLayers } from "../../src/transform/encrypt.js";
import { addRecipients } from "../../src/transform/recipients.js";
import type { EarlierImage } from "../../src/transform/reuse.js";
import { openTarget } from "../../src/transport/index.js";
import { bringImage } from "../support/bring-image.js";
import { expectedError } from "../support/expected-error.js";
import { addImage, MemoryPlace } from "../support/memory-image.js";
import { person } from "../support/people.js";
import { scratchDirectory } from "../support/scratch.js";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const binding = "org.opencontainers.image.enc.oci-enc.binding";
const [alice, bob, carol] = [person("alice"), person("bob"), person("carol")];
const contents = Array.from({ length: 10 }, () => randomBytes(400));

/** A build: ten layers, of which `changed` is new. */
function build(place: MemoryPlace, changed?: number): Descriptor {
  const made = contents.map((bytes, index) => (index === changed ? randomBytes(400) : bytes));
  const layers = made.map((bytes) => ({ mediaType: gzip, bytes: gzipSync(bytes) }));
  return addImage(place, { layers, diffIds: made.map((bytes) => digestOf(bytes)) });
}

/** The first build, sealed for alice under `earlier`, and the next one, plain, under `image`. */
async function twoBuilds(): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  place.names.set("first", build(place));
  const transform = await encryptLayers({ keys: [alice.encryption] });
  await copy(place.source("first"), place.target("earlier"), { transform });
  place.names.set("image", build(place, 4));
  place.log.length = 0;
  return place;
}

function earlierImage(place: MemoryPlace, vouched: EarlierImage["vouched"]): EarlierImage {
  const root = JSON.parse(place.text(place.names.get("earlier")?.digest ?? ""));
  const { rootfs } = JSON.parse(place.text(root.config.digest));
  const layers = root.layers.map((layer: Descriptor, index: number) => ({
    layer,
    index,
    diffId: rootfs.diff_ids[index],
  }));
  return { layers, origin: place.source("earlier"), vouched };
}

async function sealAgain(place: MemoryPlace, options: EncryptOptions) {
  const report = await copy(place.source("image"), place.target("sealed"), { transform: await encryptLayers(options) });
  return report.layers.map(({ action }) => action);
}

const oneSealed = contents.map((_, index) => (index === 4 ? "encrypt" : "reuse"));

test("without a key, a rebuild seals the changed layer alone, where the earlier image is named by its digest", async () => {
  const place = await twoBuilds();
  const earlier = earlierImage(place, "pinned");
  assert.deepEqual(await sealAgain(place, { keys: [alice.encryption], earlier }), oneSealed);
  assert.equal(place.log.filter((line) => line.startsWith("put")).length, 1);
  const opened = await copy(place.source("sealed"), place.target("opened"), {
    transform: await decryptLayers({ keys: [alice.decryption] }),
  });
  assert.equal(opened.digest, place.names.get("image")?.digest);
});

test("without a key, a tag is not enough: whoever may push it could plant a layer", async () => {
  const place = await twoBuilds();
  const attempt = encryptLayers({ keys: [alice.encryption], earlier: earlierImage(place, undefined) });
  await assert.rejects(attempt, expectedError("USAGE", /nobody vouches/));
});

test("without a key, other recipients mean that every layer is sealed anew", async () => {
  const place = await twoBuilds();
  const earlier = earlierImage(place, "pinned");
  const actions = await sealAgain(place, { keys: [alice.encryption, bob.encryption], earlier });
  assert.ok(actions.every((action) => action === "encrypt"));
});

test("without a key, an envelope that was edited since does not serve, nor does one with another binding", async () => {
  const place = await twoBuilds();
  const add = await addRecipients({ open: [alice.decryption], add: [bob.encryption] });
  await copy(place.source("earlier"), place.target("earlier"), { transform: add });
  const edited = earlierImage(place, "pinned");
  assert.ok(edited.layers.every(({ layer }) => layer.annotations?.[binding] === undefined));
  const actions = await sealAgain(place, { keys: [alice.encryption, bob.encryption], earlier: edited });
  assert.ok(actions.every((action) => action === "encrypt"));
  const forged = (await twoBuilds()) as MemoryPlace;
  const earlier = earlierImage(forged, "pinned");
  const layers = earlier.layers.map((one, index) => ({
    ...one,
    layer: { ...one.layer, annotations: { ...one.layer.annotations, [binding]: `${index}` } },
  }));
  const refused = await sealAgain(forged, { keys: [alice.encryption], earlier: { ...earlier, layers } });
  assert.ok(refused.every((action) => action === "encrypt"));
});

test("with a key, layers are known by the wrapped digest, and their keys are wrapped for other recipients", async () => {
  const place = await twoBuilds();
  const options = { keys: [bob.encryption], open: [alice.decryption], earlier: earlierImage(place, undefined) };
  assert.deepEqual(await sealAgain(place, options), oneSealed);
  const opened = await copy(place.source("sealed"), place.target("opened"), {
    transform: await decryptLayers({ keys: [bob.decryption] }),
  });
  assert.equal(opened.digest, place.names.get("image")?.digest);
  const stranger = await decryptLayers({ keys: [alice.decryption] });
  await assert.rejects(
    copy(place.source("sealed"), place.target("x"), { transform: stranger }),
    expectedError("KEY_MISMATCH"),
  );
});

test("a key that opens nothing of the earlier image leaves everything to be sealed anew", async () => {
  const place = await twoBuilds();
  const options = { keys: [bob.encryption], open: [carol.decryption], earlier: earlierImage(place, undefined) };
  assert.ok((await sealAgain(place, options)).every((action) => action === "encrypt"));
});

test("anonymous recipients are never connected from image to image", async () => {
  const place = await twoBuilds();
  const earlier = earlierImage(place, "pinned");
  await assert.rejects(encryptLayers({ keys: [alice.encryption], anonymous: true, earlier }), expectedError("USAGE"));
  place.names.set("image", build(place));
  await copy(place.source("image"), place.target("hidden"), {
    transform: await encryptLayers({ keys: [alice.encryption], anonymous: true }),
  });
  assert.ok(!place.text(place.names.get("hidden")?.digest ?? "").includes(binding));
});

test("a sealed blob that the target lacks is taken from the earlier image, checked", async () => {
  const place = await twoBuilds();
  const elsewhere = new MemoryPlace("memory:elsewhere");
  const transform = await encryptLayers({ keys: [alice.encryption], earlier: earlierImage(place, "pinned") });
  const report = await copy(place.source("image"), elsewhere.target("sealed"), { transform });
  for (const { after } of report.layers)
    assert.ok(after && isEncrypted(after.mediaType) && elsewhere.blobs.has(after.digest));
  assert.ok(place.log.some((line) => line === `read ${report.layers[0]?.after?.digest}`));
  assert.ok(!place.log.includes(`read ${report.layers[0]?.before.digest}`));
});

test("in a layout, an earlier image is opened by its reference, and only the changed layer is written", async () => {
  const directory = join(scratchDirectory(), "layout");
  const place = new MemoryPlace();
  for (const [name, root] of [
    ["first", build(place)],
    ["second", build(place, 4)],
  ] as const) {
    await using target = await openTarget(`oci:${directory}:${name}`);
    await bringImage(place, root, target);
  }
  const first = await copyImage(`oci:${directory}:first`, `oci:${directory}:first-enc`, {
    transform: await encryptLayers({ keys: [alice.encryption] }),
  });
  await using earlier = await openEarlierImage(`oci:${directory}@${first.digest}`);
  assert.equal(earlier.vouched, "pinned");
  const transform = await encryptLayers({ keys: [alice.encryption], earlier });
  const report = await copyImage(`oci:${directory}:second`, `oci:${directory}:second-enc`, { transform });
  assert.deepEqual(
    report.layers.map(({ action }) => action),
    oneSealed,
  );
});
