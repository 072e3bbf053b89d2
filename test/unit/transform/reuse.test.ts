import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { copy } from "../../../src/copy/copy.js";
import type { DecryptionKey } from "../../../src/crypt/key-wrapper.js";
import { recipientsOf } from "../../../src/crypt/recipients.js";
import { openTarget } from "../../../src/doors/transport.js";
import { OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { isEncrypted } from "../../../src/oci/media-type.js";
import { canDecrypt } from "../../../src/operations/can-decrypt.js";
import { copyImage } from "../../../src/operations/copy.js";
import { openPreviousImage } from "../../../src/operations/encrypt/previous-image.js";
import { signImage } from "../../../src/operations/sign.js";
import type { Progress } from "../../../src/progress.js";
import { loadSigner } from "../../../src/sign/kinds.js";
import { generateSigstoreKeyPair, type SigstoreKeyPair } from "../../../src/sign/sigstore/key-file.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { type EncryptOptions, encryptLayers } from "../../../src/transform/encrypt.js";
import { addRecipients } from "../../../src/transform/recipients.js";
import type { PreviousImage, PreviousLayer } from "../../../src/transform/reuse.js";
import { type HandmadeLayer, handmadeLayer, type Members } from "../../support/encrypted/handmade-layer.js";
import { expectedError } from "../../support/expected-error.js";
import { bringImage } from "../../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { decryptionKey, ecPair, encryptionKey, jwkFile } from "../../support/keys/key-pair.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";

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

/** The first build, sealed for alice under `previous`, and the next one, plain, under `image`. */
async function twoBuilds(): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  place.names.set("first", build(place));
  const transform = await encryptLayers({ keys: [alice.encryption] });
  await copy(place.source("first"), place.target("previous"), { transform });
  place.names.set("image", build(place, 4));
  place.log.length = 0;
  return place;
}

function previousImage(place: MemoryPlace, vouched: PreviousImage["vouched"]): PreviousImage {
  const root = JSON.parse(place.text(place.names.get("previous")?.digest ?? ""));
  const { rootfs } = JSON.parse(place.text(root.config.digest));
  const layers = root.layers.map((layer: Descriptor, index: number) => ({
    layer,
    index,
    diffId: rootfs.diff_ids[index],
  }));
  return { layers, origin: place.source("previous"), vouched };
}

async function sealAgain(place: MemoryPlace, options: EncryptOptions) {
  const report = await copy(place.source("image"), place.target("sealed"), { transform: await encryptLayers(options) });
  return report.layers.map(({ action }) => action);
}

const oneSealed = contents.map((_, index) => (index === 4 ? "encrypt" : "reuse"));

test("without a key, a rebuild encrypts the changed layer alone, where the previous image is named by its digest", async () => {
  const place = await twoBuilds();
  const previous = previousImage(place, "pinned");
  assert.deepEqual(await sealAgain(place, { keys: [alice.encryption], previous }), oneSealed);
  assert.equal(place.log.filter((line) => line.startsWith("put")).length, 1);
  const opened = await copy(place.source("sealed"), place.target("opened"), {
    transform: await decryptLayers({ keys: [alice.decryption] }),
  });
  assert.equal(opened.digest, place.names.get("image")?.digest);
});

test("without a key, a tag is not enough: whoever may push it could plant a layer", async () => {
  const place = await twoBuilds();
  const attempt = encryptLayers({ keys: [alice.encryption], previous: previousImage(place, undefined) });
  await assert.rejects(attempt, expectedError("USAGE", /nobody vouches/));
});

test("without a key, other recipients mean that every layer is encrypted anew", async () => {
  const place = await twoBuilds();
  const previous = previousImage(place, "pinned");
  const actions = await sealAgain(place, { keys: [alice.encryption, bob.encryption], previous });
  assert.ok(actions.every((action) => action === "encrypt"));
});

test("without a key, an envelope that was edited since does not serve, nor does one with another binding", async () => {
  const place = await twoBuilds();
  const add = await addRecipients({ open: [alice.decryption], add: [bob.encryption] });
  await copy(place.source("previous"), place.target("previous"), { transform: add });
  const edited = previousImage(place, "pinned");
  assert.ok(edited.layers.every(({ layer }) => layer.annotations?.[binding] === undefined));
  const actions = await sealAgain(place, { keys: [alice.encryption, bob.encryption], previous: edited });
  assert.ok(actions.every((action) => action === "encrypt"));
  const forged = (await twoBuilds()) as MemoryPlace;
  const previous = previousImage(forged, "pinned");
  const layers = previous.layers.map((one, index) => ({
    ...one,
    layer: { ...one.layer, annotations: { ...one.layer.annotations, [binding]: `${index}` } },
  }));
  const refused = await sealAgain(forged, { keys: [alice.encryption], previous: { ...previous, layers } });
  assert.ok(refused.every((action) => action === "encrypt"));
});

test("with a key, layers are known by the wrapped digest, and their keys are wrapped for other recipients", async () => {
  const place = await twoBuilds();
  const options = { keys: [bob.encryption], open: [alice.decryption], previous: previousImage(place, undefined) };
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

test("a key that decrypts nothing of the previous image leaves everything to be encrypted anew", async () => {
  const place = await twoBuilds();
  const options = { keys: [bob.encryption], open: [carol.decryption], previous: previousImage(place, undefined) };
  assert.ok((await sealAgain(place, options)).every((action) => action === "encrypt"));
});

test("anonymous recipients are never connected from image to image", async () => {
  const place = await twoBuilds();
  const previous = previousImage(place, "pinned");
  await assert.rejects(encryptLayers({ keys: [alice.encryption], anonymous: true, previous }), expectedError("USAGE"));
  place.names.set("image", build(place));
  await copy(place.source("image"), place.target("hidden"), {
    transform: await encryptLayers({ keys: [alice.encryption], anonymous: true }),
  });
  assert.ok(!place.text(place.names.get("hidden")?.digest ?? "").includes(binding));
});

test("an encrypted blob that the target lacks is taken from the previous image, checked", async () => {
  const place = await twoBuilds();
  const elsewhere = new MemoryPlace("memory:elsewhere");
  const transform = await encryptLayers({ keys: [alice.encryption], previous: previousImage(place, "pinned") });
  const report = await copy(place.source("image"), elsewhere.target("sealed"), { transform });
  for (const { after } of report.layers)
    assert.ok(after && isEncrypted(after.mediaType) && elsewhere.blobs.has(after.digest));
  assert.ok(place.log.some((line) => line === `read ${report.layers[0]?.after?.digest}`));
  assert.ok(!place.log.includes(`read ${report.layers[0]?.before.digest}`));
});

test("in a layout, a previous image is opened by its reference, and only the changed layer is written", async () => {
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
  await using previous = await openPreviousImage(`oci:${directory}@${first.digest}`);
  assert.equal(previous.vouched, "pinned");
  const transform = await encryptLayers({ keys: [alice.encryption], previous });
  const report = await copyImage(`oci:${directory}:second`, `oci:${directory}:second-enc`, { transform });
  assert.deepEqual(
    report.layers.map(({ action }) => action),
    oneSealed,
  );
});

const tar = "application/vnd.oci.image.layer.v1.tar";

/** A build of plain archives, under `image`, and a previous image whose layers are these. */
async function planted(layers: readonly Partial<HandmadeLayer>[], vouched?: PreviousImage["vouched"]) {
  const place = new MemoryPlace();
  const made = layers.map(({ content = randomBytes(900) }) => content);
  place.names.set("image", addImage(place, { layers: made.map((bytes) => ({ mediaType: tar, bytes })) }));
  const previous: PreviousLayer[] = [];
  for (const [index, layer] of layers.entries()) {
    const content = made[index] ?? randomBytes(1);
    const sealed = await handmadeLayer(place, { keys: [alice.encryption], content, ...layer });
    previous.push({ layer: sealed, index, diffId: digestOf(content) });
  }
  place.log.length = 0;
  return { place, made, previous: { layers: previous, origin: place.source("previous"), vouched } };
}

/** Builds again with the key of alice, and says what became of each layer, what was warned, and whether it decrypts. */
async function rebuilt({ place, previous }: Awaited<ReturnType<typeof planted>>) {
  const warnings: string[] = [];
  const progress: Progress = (event) => {
    if (event.type === "warning") warnings.push(`${event.code} ${event.message}`);
  };
  const transform = await encryptLayers({ keys: [alice.encryption], open: [alice.decryption], previous, progress });
  const { layers } = await copy(place.source("image"), place.target("sealed"), { transform });
  const decrypt = await decryptLayers({ keys: [alice.decryption] });
  const opened = await copy(place.source("sealed"), place.target("opened"), { transform: decrypt });
  return {
    layers,
    warnings,
    actions: layers.map(({ action, known }) => (known ? `${action} ${known}` : action)),
    whole: opened.digest === place.names.get("image")?.digest,
  };
}

/** What somebody with the public key alone can make of an envelope that names a layer to come. */
const plants: Readonly<Record<string, (content: Uint8Array) => Partial<HandmadeLayer>>> = {
  "other content of the same size": (content) => ({ content: randomBytes(content.length) }),
  "content of another size": () => ({ content: randomBytes(20) }),
  "an HMAC that does not hold": () => ({ open: (sound) => ({ ...sound, hmac: randomBytes(32).toString("base64") }) }),
  "other bytes than were encrypted": () => ({ spoil: (sealed) => sealed.map((byte) => byte ^ 1) }),
  "another key than it was encrypted with": () => ({
    secret: (sound) => ({ ...sound, symkey: randomBytes(32).toString("base64") }),
  }),
};

for (const [what, plant] of Object.entries(plants)) {
  test(`a previous layer that names a digest, around ${what}, is not taken, and the others are`, async () => {
    const contents = [0, 1, 2].map(() => randomBytes(900));
    for (const at of [0, 1, 2]) {
      const build = await planted(contents.map((content) => ({ content })));
      const content = contents[at] ?? randomBytes(1);
      const made = { keys: [alice.encryption], content, claims: digestOf(content), ...plant(content) };
      const evil = await handmadeLayer(build.place, made);
      const layers = build.previous.layers.map((one, index) => (index === at ? { ...one, layer: evil } : one));
      const { actions, warnings, whole } = await rebuilt({ ...build, previous: { ...build.previous, layers } });
      assert.deepEqual(
        actions,
        [0, 1, 2].map((index) => (index === at ? "encrypt" : "reuse compared")),
      );
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /^REUSE_REFUSED layer \d .*says that it holds this one, and does not: /);
      assert.ok(whole);
    }
  });
}

test("what is behind a plant still serves, and after four of them nothing more is decrypted", async () => {
  for (const [count, action] of [
    [3, "reuse compared"],
    [9, "encrypt"],
  ] as const) {
    const content = randomBytes(900);
    const build = await planted([{ content }]);
    const lie = async () => ({
      layer: await handmadeLayer(build.place, {
        keys: [alice.encryption],
        content: randomBytes(900),
        claims: digestOf(content),
      }),
      index: 0,
      diffId: undefined,
    });
    const lies = await Promise.all(Array.from({ length: count }, lie));
    const layers = [...lies, ...build.previous.layers];
    const { actions, warnings } = await rebuilt({ ...build, previous: { ...build.previous, layers } });
    assert.deepEqual(actions, [action]);
    assert.equal(warnings.length, Math.min(count, 4));
  }
});

test("a layer that was compared is read once and not uploaded, and gets an envelope for those who are recipients now", async () => {
  const shared = randomBytes(900);
  const build = await planted([
    { content: shared, keys: [alice.encryption, bob.encryption] },
    { content: shared, keys: [alice.encryption, bob.encryption] },
  ]);
  const [first] = build.previous.layers;
  assert.ok(first);
  const layers = build.previous.layers.map((one) => ({ ...one, layer: first.layer }));
  const { actions, whole, layers: reported } = await rebuilt({ ...build, previous: { ...build.previous, layers } });
  assert.deepEqual([actions, whole], [["reuse compared", "reuse compared"], true]);
  assert.equal(
    build.place.log.filter((line) => line === `read ${first.layer.digest}`).length,
    2,
    "compared, and decrypted",
  );
  assert.ok(!build.place.log.includes(`put ${first.layer.digest}`));
  const { annotations } = reported[0]?.after ?? {};
  assert.deepEqual(
    (await recipientsOf(annotations)).map(({ id }) => id),
    ["alice"],
  );
});

test("a wrapped key in the name of a recipient, for somebody else's key, is not taken over", async () => {
  const impostor = ecPair("P-256", "impostor");
  const inTheNameOfBob = encryptionKey(jwkFile(impostor.publicKey, { kid: "bob", alg: "ECDH-ES+A256KW" }));
  const { place, previous } = await planted([{ keys: [alice.encryption, inTheNameOfBob] }]);
  const keys = [alice.encryption, bob.encryption];
  const transform = await encryptLayers({ keys, open: [alice.decryption], previous });
  const { layers } = await copy(place.source("image"), place.target("sealed"), { transform });
  assert.deepEqual(
    layers.map(({ action }) => action),
    ["reuse"],
  );
  const opens = async (key: DecryptionKey) => (await canDecrypt(place.source("sealed"), { keys: [key] })).decrypts;
  assert.deepEqual([await opens(bob.decryption), await opens(decryptionKey(impostor.privateKey))], [true, false]);
});

test("a blob that the previous image names and lacks is encrypted anew; a place that fails ends it", async () => {
  const content = randomBytes(900);
  const build = await planted([{ content }]);
  const [one] = build.previous.layers;
  assert.ok(one);
  build.place.blobs.delete(one.layer.digest);
  const { actions, warnings } = await rebuilt(build);
  assert.deepEqual(actions, ["encrypt"]);
  assert.match(warnings[0] ?? "", /no blob/);
  const unreachable = (): never => {
    throw new OciEncError("UNAVAILABLE", "the registry does not answer");
  };
  const origin = { ...build.previous.origin, blob: unreachable };
  await assert.rejects(rebuilt({ ...build, previous: { ...build.previous, origin } }), expectedError("UNAVAILABLE"));
});

test("an image that is pinned or admitted is believed, with a key and without", async () => {
  for (const vouched of ["pinned", "admitted"] as const) {
    const content = randomBytes(900);
    const build = await planted([{ content }], vouched);
    const { actions } = await rebuilt(build);
    assert.deepEqual(actions, [`reuse ${vouched}`]);
    assert.equal(
      build.place.log.filter((line) => line.startsWith("read")).length,
      3,
      "config and layer, and to decrypt",
    );
    const place = await twoBuilds();
    const options = { keys: [alice.encryption], previous: previousImage(place, vouched) };
    assert.deepEqual(await sealAgain(place, options), oneSealed);
  }
});

test("in an image that is vouched for, a layer whose key says that it holds another does not serve", async () => {
  for (const vouched of ["pinned", "admitted"] as const) {
    const place = await twoBuilds();
    const previous = previousImage(place, vouched);
    for (const keys of [[alice.encryption], [bob.encryption]]) {
      const actions = await sealAgain(place, { keys, open: [alice.decryption], previous });
      assert.deepEqual(actions, oneSealed);
      const key = keys[0] === bob.encryption ? bob.decryption : alice.decryption;
      const transform = await decryptLayers({ keys: [key] });
      const opened = await copy(place.source("sealed"), place.target("opened"), { transform });
      assert.equal(opened.digest, place.names.get("image")?.digest);
    }
  }
});

test("without a key, a layer serves where it stands and for the diff id that its config says, and not elsewhere", async () => {
  const place = await twoBuilds();
  const previous = previousImage(place, "pinned");
  const edits: Readonly<Record<string, [(one: PreviousLayer) => Partial<PreviousLayer>, serves: boolean]>> = {
    "as it is": [() => ({}), true],
    "at another place": [({ index }) => ({ index: index + 1 }), false],
    "for another diff id": [() => ({ diffId: digestOf(Buffer.from("another")) }), false],
    "for no diff id": [() => ({ diffId: undefined }), false],
    "of another size": [({ layer }) => ({ layer: { ...layer, size: layer.size + 1 } }), false],
    "of another type": [({ layer }) => ({ layer: { ...layer, mediaType: `${tar}+encrypted` } }), false],
  };
  for (const [what, [edit, serves]] of Object.entries(edits)) {
    const layers = previous.layers.map((one) => ({ ...one, ...edit(one) }));
    const actions = await sealAgain(place, { keys: [alice.encryption], previous: { ...previous, layers } });
    assert.deepEqual(actions, serves ? oneSealed : contents.map(() => "encrypt"), what);
  }
});

test("without a key, a layer whose config only claims the diff id does not serve", async () => {
  const [said, real] = [randomBytes(400), randomBytes(400)];
  const place = new MemoryPlace();
  const image = (bytes: Uint8Array) =>
    addImage(place, { layers: [{ mediaType: tar, bytes }], diffIds: [digestOf(said)] });
  place.names.set("lying", image(real));
  const seal = await encryptLayers({ keys: [alice.encryption] });
  await copy(place.source("lying"), place.target("previous"), { transform: seal });
  place.names.set("image", image(said));
  const previous = previousImage(place, "pinned");
  assert.deepEqual(await sealAgain(place, { keys: [alice.encryption], previous }), ["encrypt"]);
});

test("an envelope that nobody can open does not serve, whoever vouches for it", async () => {
  for (const open of [(sound: object) => ({ ...sound, cipher: "ROT13" }), ({ hmac: _, ...rest }: Members) => rest]) {
    const place = await twoBuilds();
    const previous = previousImage(place, "pinned");
    const layers = previous.layers.map((one) => {
      const { annotations = {} } = one.layer;
      const key = "org.opencontainers.image.enc.pubopts";
      const sound = JSON.parse(Buffer.from(annotations[key] ?? "", "base64").toString());
      const pubopts = Buffer.from(JSON.stringify(open(sound))).toString("base64");
      return { ...one, layer: { ...one.layer, annotations: { ...annotations, [key]: pubopts } } };
    });
    for (const keys of [[], [alice.decryption]]) {
      const options = { keys: [alice.encryption], open: keys, previous: { ...previous, layers } };
      const actions = await sealAgain(place, options);
      assert.ok(actions.every((action) => action === "encrypt"));
    }
  }
});

test("a signature vouches for a previous image where a rule accepts it, and where one refuses it is not read", async () => {
  const directory = join(scratchDirectory(), "signed");
  const place = await twoBuilds();
  for (const name of ["previous", "image"]) {
    const root = place.names.get(name);
    assert.ok(root);
    await using target = await openTarget(`oci:${directory}:${name}`);
    await bringImage(place, root, target);
  }
  const passphrase = Buffer.from("");
  const [ours, theirs] = [await generateSigstoreKeyPair(passphrase), await generateSigstoreKeyPair(passphrase)];
  const value = Buffer.from(ours.privatePem);
  const signer = await loadSigner({ kind: "sigstore", value, isFile: true, passphrase, origin: "cosign.key" });
  const reference = `oci:${directory}:previous`;
  await signImage(reference, { signers: [signer], identity: "registry.example/app:1" });
  const rules = ({ publicPem }: SigstoreKeyPair) => ({
    insecurePolicy: true,
    trust: [{ kind: "sigstore" as const, value: Buffer.from(publicPem), origin: "cosign.pub" }],
  });
  await assert.rejects(openPreviousImage(reference, { rules: rules(theirs) }), expectedError("UNTRUSTED"));
  await using unknown = await openPreviousImage(reference, { rules: { insecurePolicy: true } });
  assert.equal(unknown.vouched, undefined);
  await using previous = await openPreviousImage(reference, { rules: rules(ours) });
  assert.equal(previous.vouched, "admitted");
  const transform = await encryptLayers({ keys: [alice.encryption], previous });
  const report = await copyImage(`oci:${directory}:image`, `oci:${directory}:sealed`, { transform });
  assert.deepEqual(
    report.layers.map(({ action }) => action),
    oneSealed,
  );
});
