import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { copy } from "../../../src/copy/copy.js";
import { recipientsOf } from "../../../src/crypt/recipients.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { canDecrypt } from "../../../src/operations/can-decrypt.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { addRecipients } from "../../../src/transform/recipients.js";
import { rekeyLayers } from "../../../src/transform/rekey.js";
import { parseLayerSelection } from "../../../src/transform/select.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { type Person, person } from "../../support/keys/people.js";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const [alice, bob, carol] = [person("alice"), person("bob"), person("carol")];

async function sealedImage(...people: readonly Person[]): Promise<{ place: MemoryPlace; plain: Descriptor }> {
  const place = new MemoryPlace();
  const contents = [randomBytes(20_000), randomBytes(3)];
  const layers = contents.map((bytes) => ({ mediaType: gzip, bytes: gzipSync(bytes) }));
  const plain = addImage(place, { layers, diffIds: contents.map((bytes) => digestOf(bytes)) });
  place.names.set("image", plain);
  const transform = await encryptLayers({ keys: people.map(({ encryption }) => encryption) });
  await copy(place.source("image"), place.target("image"), { transform });
  return { place, plain };
}

function layersOf(place: MemoryPlace, name = "image"): readonly Descriptor[] {
  return JSON.parse(place.text(place.names.get(name)?.digest ?? "")).layers;
}

async function opens(place: MemoryPlace, { decryption }: Person, name = "image"): Promise<boolean> {
  return (await canDecrypt(place.source(name), { keys: [decryption] })).decrypts;
}

test("rekeying gives every encrypted layer another key, in one pass, and the content stays", async () => {
  const { place, plain } = await sealedImage(alice, bob);
  const before = layersOf(place);
  const transform = await rekeyLayers({ open: [alice.decryption], recipients: [alice.encryption, carol.encryption] });
  place.log.length = 0;
  const report = await copy(place.source("image"), place.target("image"), { transform });
  assert.deepEqual(
    report.layers.map(({ action }) => action),
    ["rekey", "rekey"],
  );
  assert.equal(place.log.filter((line) => line.startsWith("put")).length, 2);
  assert.ok(layersOf(place).every(({ digest }, index) => digest !== before[index]?.digest));
  assert.ok((await opens(place, alice)) && (await opens(place, carol)));
  assert.equal(await opens(place, bob), false);
  const opened = await copy(place.source("image"), place.target("plain"), {
    transform: await decryptLayers({ keys: [carol.decryption] }),
  });
  assert.equal(opened.digest, plain.digest);
});

test("who is kept is known by the public keys given, layer by layer", async () => {
  const { place } = await sealedImage(alice);
  const add = await addRecipients({
    open: [alice.decryption],
    add: [bob.encryption],
    select: parseLayerSelection(["1"]),
  });
  await copy(place.source("image"), place.target("image"), { transform: add });
  const keep = [alice.encryption, bob.encryption, carol.encryption];
  const transform = await rekeyLayers({ open: [alice.decryption], recipients: [], keep });
  await copy(place.source("image"), place.target("image"), { transform });
  const ids = await Promise.all(
    layersOf(place).map(async ({ annotations }) => (await recipientsOf(annotations)).map(({ id }) => id)),
  );
  assert.deepEqual(ids, [["alice"], ["alice", "bob"]]);
});

test("who is given as a recipient comes in beside those who are kept, in every layer", async () => {
  for (const [recipients, keep, expected] of [
    [[carol], [alice, bob], ["carol", "alice", "bob"]],
    [[carol], [alice, bob, carol], ["carol", "alice", "bob"]],
    [[bob], [alice], ["bob", "alice"]],
  ] as const) {
    const { place, plain } = await sealedImage(alice, bob);
    const transform = await rekeyLayers({
      open: [alice.decryption],
      recipients: recipients.map(({ encryption }) => encryption),
      keep: keep.map(({ encryption }) => encryption),
    });
    await copy(place.source("image"), place.target("image"), { transform });
    for (const { annotations } of layersOf(place)) {
      assert.deepEqual(
        (await recipientsOf(annotations)).map(({ id }) => id),
        expected,
      );
    }
    for (const { decryption } of [...recipients, ...keep]) {
      const decrypt = await decryptLayers({ keys: [decryption] });
      const opened = await copy(place.source("image"), place.target("opened"), { transform: decrypt });
      assert.equal(opened.digest, plain.digest);
    }
  }
});

test("a recipient whose public key is not known is not lost in silence", async () => {
  const { place } = await sealedImage(alice, bob);
  const transform = await rekeyLayers({ open: [alice.decryption], recipients: [], keep: [alice.encryption] });
  const attempt = copy(place.source("image"), place.target("image"), { transform });
  await assert.rejects(attempt, expectedError("USAGE", /kid=bob/, /recipients-file/));
});

test("rekeying with a key that decrypts nothing is a mismatch before a byte moves", async () => {
  const { place } = await sealedImage(alice);
  place.log.length = 0;
  const transform = await rekeyLayers({ open: [bob.decryption], recipients: [bob.encryption] });
  const attempt = copy(place.source("image"), place.target("image"), { transform });
  await assert.rejects(attempt, expectedError("KEY_MISMATCH"));
  assert.ok(
    place.log.every(
      (line) => line === `read ${JSON.parse(place.text(place.names.get("image")?.digest ?? "")).config.digest}`,
    ),
  );
});

test("faults/35: envelopes that were swapped between two layers are not encrypted anew", async () => {
  const { place } = await sealedImage(alice);
  const root = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  const [one, other] = root.layers;
  [one.annotations, other.annotations] = [other.annotations, one.annotations];
  const swapped = place.add(root.mediaType, root);
  place.names.set("image", swapped);
  for (const transform of [
    await rekeyLayers({ open: [alice.decryption], recipients: [bob.encryption] }),
    await decryptLayers({ keys: [alice.decryption] }),
  ]) {
    await assert.rejects(
      copy(place.source("image"), place.target("other"), { transform }),
      expectedError("CORRUPT", /HMAC|content/),
    );
  }
  assert.equal(place.names.get("other"), undefined);
});

test("faults/35: an envelope from another image opens, and then its HMAC does not match", async () => {
  const { place } = await sealedImage(alice);
  const { place: stranger } = await sealedImage(alice);
  const root = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  const key = "org.opencontainers.image.enc.keys.jwe";
  root.layers[0].annotations[key] = layersOf(stranger)[0]?.annotations?.[key];
  place.names.set("image", place.add(root.mediaType, root));
  const transform = await decryptLayers({ keys: [alice.decryption] });
  await assert.rejects(
    copy(place.source("image"), place.target("other"), { transform }),
    expectedError("CORRUPT", /HMAC/),
  );
});
