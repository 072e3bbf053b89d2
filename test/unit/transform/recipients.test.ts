import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import type { DecryptionKey, EncryptionKey } from "../../../src/crypt/key-wrapper.js";
import { parseRecipientId } from "../../../src/crypt/recipient-id.js";
import { recipientsOf } from "../../../src/crypt/recipients.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { inspect } from "../../../src/operations/inspect.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import type { LayerTransform } from "../../../src/transform/layer-transform.js";
import { addRecipients, removeRecipients, setRecipients } from "../../../src/transform/recipients.js";
import { parseLayerSelection } from "../../../src/transform/select.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { makeCertificate, recipientFile } from "../../support/keys/key-material.js";
import { ecPair } from "../../support/keys/key-pair.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const tar = "application/vnd.oci.image.layer.v1.tar";
const [alice, bob, carol] = [person("alice"), person("bob"), person("carol")];

/** An image of two layers, sealed for the given people, under the name `image`. */
async function sealedImage(...people: readonly { readonly encryption: EncryptionKey }[]): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const layers = [1, 2].map(() => ({ mediaType: tar, bytes: randomBytes(500), annotations: { title: "kept" } }));
  place.names.set("image", addImage(place, { layers }));
  await edit(place, await encryptLayers({ keys: people.map(({ encryption }) => encryption) }));
  place.log.length = 0;
  return place;
}

function edit(place: MemoryPlace, transform: LayerTransform, to = "image") {
  return copy(place.source("image"), place.target(to), { transform });
}

function layersOf(place: MemoryPlace): readonly Descriptor[] {
  return JSON.parse(place.text(place.names.get("image")?.digest ?? "")).layers;
}

async function idsOf(place: MemoryPlace): Promise<readonly string[][]> {
  return await Promise.all(
    layersOf(place).map(async (one) => (await recipientsOf(one.annotations)).map(({ id }) => id)),
  );
}

async function opens(place: MemoryPlace, key: DecryptionKey): Promise<boolean> {
  const report = await inspect(place.source("image"), { keys: [key] });
  return report.manifests.every(({ layers }) => layers.every(({ access }) => access?.decrypts));
}

test("somebody who is added decrypts the image, and no blob was read or written", async () => {
  const place = await sealedImage(alice);
  const before = layersOf(place);
  const report = await edit(place, await addRecipients({ open: [alice.decryption], add: [bob.encryption] }));
  assert.ok(
    place.log.every((line) => line.startsWith("commit")),
    place.log.join(),
  );
  assert.deepEqual(
    report.layers.map(({ action }) => action),
    ["relabel", "relabel"],
  );
  assert.deepEqual(await idsOf(place), [
    ["alice", "bob"],
    ["alice", "bob"],
  ]);
  for (const [index, layer] of layersOf(place).entries()) {
    const [old, now] = [before[index]?.annotations ?? {}, layer.annotations ?? {}];
    assert.ok(
      now["org.opencontainers.image.enc.keys.jwe"]?.startsWith(`${old["org.opencontainers.image.enc.keys.jwe"]},`),
    );
    assert.equal(now["org.opencontainers.image.enc.pubopts"], old["org.opencontainers.image.enc.pubopts"]);
    assert.equal(now["title"], "kept");
    assert.equal(layer.digest, before[index]?.digest);
  }
  assert.ok((await opens(place, alice.decryption)) && (await opens(place, bob.decryption)));
  assert.equal(await opens(place, carol.decryption), false);
  const plain = await copy(place.source("image"), place.target("plain"), {
    transform: await decryptLayers({ keys: [bob.decryption] }),
  });
  assert.equal(plain.layers.length, 2);
});

test("faults/43: adding somebody who is there already changes nothing, and needs no key that decrypts", async () => {
  const place = await sealedImage(alice, bob);
  const before = place.names.get("image");
  const report = await edit(place, await addRecipients({ open: [carol.decryption], add: [bob.encryption] }));
  assert.equal(report.changed, false);
  assert.deepEqual(place.names.get("image"), before);
  assert.deepEqual(place.log, []);
});

test("adding with a key that decrypts nothing is a mismatch, and leaves the image as it was", async () => {
  const place = await sealedImage(alice);
  const before = place.names.get("image");
  const transform = await addRecipients({ open: [carol.decryption], add: [bob.encryption] });
  await assert.rejects(edit(place, transform), expectedError("KEY_MISMATCH", /2 of 2/));
  assert.deepEqual(place.names.get("image"), before);
});

test("a removed recipient leaves no trace, and it is said that this does not revoke", async () => {
  const place = await sealedImage(alice, bob);
  const part = (layersOf(place)[0]?.annotations?.["org.opencontainers.image.enc.keys.jwe"] ?? "").split(",")[0] ?? "-";
  const warnings: string[] = [];
  const match = [parseRecipientId("jwe:alice")];
  await edit(
    place,
    await removeRecipients({ match, progress: (event) => event.type === "warning" && warnings.push(event.code) }),
  );
  assert.deepEqual(await idsOf(place), [["bob"], ["bob"]]);
  assert.ok(!place.text(place.names.get("image")?.digest ?? "").includes(part));
  assert.deepEqual(warnings, ["NOT_REVOKED"]);
  assert.ok(await opens(place, bob.decryption));
  assert.equal(await opens(place, alice.decryption), false);
});

test("faults/43: the last recipient is not removed, by name or by position", async () => {
  const place = await sealedImage(alice);
  const byName = await removeRecipients({ match: [parseRecipientId("jwe:alice")] });
  await assert.rejects(edit(place, byName), expectedError("USAGE", /no recipient left/));
  await assert.rejects(
    edit(place, await removeRecipients({ indexes: [0] })),
    expectedError("USAGE", /no recipient left/),
  );
  assert.deepEqual(await idsOf(place), [["alice"], ["alice"]]);
});

test("faults/43: the last recipient that can be read is not removed where only what cannot be read would stay", async () => {
  const annotation = "org.opencontainers.image.enc.keys.jwe";
  // Not base64; base64, but not a JWE.
  for (const unreadable of ["***", Buffer.from("{}").toString("base64")]) {
    const place = await sealedImage(alice);
    const manifest = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
    for (const { annotations } of manifest.layers) annotations[annotation] = `${annotations[annotation]},${unreadable}`;
    place.names.set("image", place.add("application/vnd.oci.image.manifest.v1+json", manifest));
    const transform = await removeRecipients({ match: [parseRecipientId("jwe:alice")] });
    await assert.rejects(edit(place, transform), expectedError("USAGE", /no recipient left/));
  }
});

test("faults/43: a recipient whom no layer has cannot be removed, nor one at a position that is not there", async () => {
  const place = await sealedImage(alice, bob);
  const unknown = await removeRecipients({ match: [parseRecipientId("jwe:alice"), parseRecipientId("jwe:mallory")] });
  await assert.rejects(edit(place, unknown), expectedError("NOT_FOUND", /jwe:mallory/));
  await assert.rejects(
    edit(place, await removeRecipients({ indexes: [2] })),
    expectedError("NOT_FOUND", /has 2 recipients/),
  );
  assert.deepEqual(await idsOf(place), [
    ["alice", "bob"],
    ["alice", "bob"],
  ]);
});

test("a position counts within each chosen layer", async () => {
  const place = await sealedImage(alice, bob);
  await edit(place, await removeRecipients({ indexes: [0], select: parseLayerSelection(["1"]) }));
  assert.deepEqual(await idsOf(place), [["alice", "bob"], ["bob"]]);
});

test("a thumbprint names a key with a kid of its own, where its public key is given", async () => {
  const place = await sealedImage(alice, bob);
  const { thumbprint } = await import("../../../src/keys/jwk.js");
  const match = [parseRecipientId(`jwe:${thumbprint(ecPair("P-256", "alice").publicKey)}`)];
  await assert.rejects(edit(place, await removeRecipients({ match })), expectedError("NOT_FOUND"));
  await edit(place, await removeRecipients({ match, known: [alice.encryption] }));
  assert.deepEqual(await idsOf(place), [["bob"], ["bob"]]);
});

test("a name that fits two recipients is not for us to choose between, and each of them goes by its own", async () => {
  const [one, other] = ["one", "other"].map((name) =>
    recipientFile("pkcs7", makeCertificate(scratch, name, ["-set_serial", "0x1234"]).certificate),
  );
  assert.ok(one && other);
  const place = await sealedImage(alice, { encryption: one }, { encryption: other });
  const ids = async () => (await idsOf(place))[0]?.filter((id) => id.endsWith("#1234")) ?? [];
  const [first = "", second = ""] = await ids();
  const byName = await removeRecipients({ match: [parseRecipientId("pkcs7:1234")] });
  await assert.rejects(edit(place, byName), expectedError("USAGE", /fits several recipients/, /CN=one#1234/));
  assert.deepEqual(await ids(), [first, second]);
  await edit(place, await removeRecipients({ match: [parseRecipientId(`pkcs7:${first}`)] }));
  assert.deepEqual(await ids(), [second]);
  await edit(place, await removeRecipients({ match: [parseRecipientId("pkcs7:1234")] }));
  assert.deepEqual(await idsOf(place), [["alice"], ["alice"]]);
});

test("setting recipients makes them exactly those, and the second time changes nothing", async () => {
  const place = await sealedImage(alice, carol);
  const set = () => setRecipients({ open: [carol.decryption], recipients: [bob.encryption, alice.encryption] });
  const first = await edit(place, await set());
  assert.equal(first.changed, true);
  assert.deepEqual(await idsOf(place), [
    ["alice", "bob"],
    ["alice", "bob"],
  ]);
  const again = await edit(place, await setRecipients({ recipients: [alice.encryption, bob.encryption] }));
  assert.equal(again.changed, false);
  assert.equal(again.digest, first.digest);
  for (const { decryption } of [alice, bob]) assert.ok(await opens(place, decryption));
  assert.equal(await opens(place, carol.decryption), false);
});

test("setting recipients needs a key where somebody is missing", async () => {
  const place = await sealedImage(alice);
  const transform = await setRecipients({ recipients: [alice.encryption, bob.encryption] });
  await assert.rejects(edit(place, transform), expectedError("KEY_MISMATCH"));
});

test("an image without an encrypted layer has no recipients to change", async () => {
  const place = new MemoryPlace();
  place.names.set("image", addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(9) }] }));
  const transform = await removeRecipients({ indexes: [0] });
  await assert.rejects(edit(place, transform), expectedError("USAGE", /no layer of the image is encrypted/));
  const named = await removeRecipients({ indexes: [0], select: parseLayerSelection(["0"]) });
  await assert.rejects(edit(place, named), expectedError("USAGE", /is not encrypted/));
});

test("encrypt adds recipients to layers that are encrypted already, and encrypts the others", async () => {
  const place = await sealedImage(alice);
  const layers = [...layersOf(place), place.add(tar, randomBytes(77))];
  const root = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  place.names.set("image", place.add(root.mediaType, { ...root, layers }));
  const transform = await encryptLayers({ keys: [bob.encryption], ifEncrypted: "add", open: [alice.decryption] });
  const report = await edit(place, transform);
  assert.deepEqual(
    report.layers.map(({ action }) => action),
    ["relabel", "relabel", "encrypt"],
  );
  assert.deepEqual(await idsOf(place), [["alice", "bob"], ["alice", "bob"], ["bob"]]);
});

test("a part of a scheme that is unknown here stays, letter for letter, and can be removed by its position", async () => {
  const place = await sealedImage(alice);
  const strange = "Zm9v\nYmFy,%%%,";
  const root = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  for (const layer of root.layers) layer.annotations["org.opencontainers.image.enc.keys.future"] = strange;
  place.names.set("image", place.add(root.mediaType, root));
  await edit(place, await addRecipients({ open: [alice.decryption], add: [bob.encryption] }));
  for (const { annotations } of layersOf(place)) {
    assert.equal(annotations?.["org.opencontainers.image.enc.keys.future"], strange);
  }
  const [ids] = await idsOf(place);
  assert.equal(ids?.length, 5);
});
