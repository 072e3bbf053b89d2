import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { copy } from "../../../src/copy/copy.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { parsePlatform } from "../../../src/oci/platform.js";
import type { Verdict } from "../../../src/operations/verify/check.js";
import { type VerifyOptions, verify } from "../../../src/operations/verify/verify.js";
import { policySubject } from "../../../src/policy/subject.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { removeRecipients } from "../../../src/transform/recipients.js";
import { parseLayerSelection } from "../../../src/transform/select.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { type Person, person } from "../../support/keys/people.js";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const [alice, bob, carol] = [person("alice"), person("bob"), person("carol")];

interface Made {
  readonly place: MemoryPlace;
  /** Another place, where the plain image still is. */
  readonly plain: MemoryPlace;
}

/** An index of two platforms, sealed from one place into another, where nothing of it is plain. */
async function sealedImage(people: readonly Person[], config: object = {}): Promise<Made> {
  const plain = new MemoryPlace("memory:plain");
  const manifests = ["amd64", "arm64"].map((architecture) => {
    const platform = { os: "linux", architecture };
    const contents = [randomBytes(3000), randomBytes(20)];
    const layers = contents.map((bytes) => ({ mediaType: gzip, bytes: gzipSync(bytes) }));
    const diffIds = contents.map((bytes) => digestOf(bytes));
    return { ...addImage(plain, { layers, platform, diffIds, config }), platform };
  });
  plain.names.set("image", plain.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests }));
  const place = new MemoryPlace("memory:sealed");
  const transform = await encryptLayers({ keys: people.map(({ encryption }) => encryption) });
  await copy(plain.source("image"), place.target("image"), { transform });
  return { place, plain };
}

async function verdicts(place: MemoryPlace, options: VerifyOptions): Promise<Record<string, Verdict>> {
  const report = await verify(place.source("image"), options);
  return Object.fromEntries(report.checks.map(({ id, verdict }) => [id, verdict]));
}

/** Changes the manifest of one platform. */
function editManifest(place: MemoryPlace, at: number, change: (manifest: { layers: Descriptor[] }) => object): void {
  const index = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  const manifest = JSON.parse(place.text(index.manifests[at].digest));
  const { digest, size } = place.add(mediaTypes.ociManifest, change(manifest));
  Object.assign(index.manifests[at], { digest, size });
  place.names.set("image", place.add(mediaTypes.ociIndex, index));
}

test("plain content that nothing names is a warning, a failure where plain blobs are asked for, and nothing where nobody knows", async () => {
  const { place } = await sealedImage([alice]);
  const verdictOf = async (options: VerifyOptions) => (await verdicts(place, options))["no-unnamed-plaintext"];
  const strict: VerifyOptions = { keys: [alice.decryption], noPlaintextLeftovers: true };
  assert.deepEqual([await verdictOf({}), await verdictOf(strict)], ["passed", "passed"]);
  place.leftovers.push("a lease");
  assert.deepEqual([await verdictOf({}), await verdictOf(strict)], ["warning", "failed"]);
  assert.equal((await verify(place.source("image"), {})).refusal, undefined);
  assert.equal((await verify(place.source("image"), strict)).refusal?.code, "UNTRUSTED");
  place.leftovers.pop();
  // What a layer unpacks to is known from the config, without a key.
  const { config } = JSON.parse(
    place.text(JSON.parse(place.text(place.names.get("image")?.digest ?? "")).manifests[0].digest),
  );
  const [diffId = ""] = JSON.parse(place.text(config.digest)).rootfs.diff_ids;
  place.blobs.set(diffId, Buffer.from("the plain layer"));
  assert.equal(await verdictOf({}), "warning");
  const { leftovers: _, ...registry } = place.source("image");
  const check = (await verify(registry)).checks.find(({ id }) => id === "no-unnamed-plaintext");
  assert.equal(check?.verdict, "not judged");
});

test("a sound image passes everything that is asked of it", async () => {
  const { place } = await sealedImage([alice, bob]);
  const options: VerifyOptions = {
    keys: [alice.decryption],
    only: [alice.encryption, bob.encryption],
    requireRecipients: [{ scheme: "jwe", id: "bob" }],
    minRecipients: 2,
    noPlaintextLeftovers: true,
  };
  const report = await verify(place.source("image"), options);
  assert.equal(report.verdict, "passed");
  assert.ok(
    report.checks.every(({ verdict }) => verdict === "passed"),
    JSON.stringify(report.checks, undefined, 1),
  );
  assert.equal(report.refusal, undefined);
});

test("no key is tried on an image that the policy does not let in", async () => {
  const { place } = await sealedImage([alice]);
  const signed = (requireSigned: boolean) => ({
    rules: { requireSigned, insecurePolicy: true, classes: undefined },
    image: policySubject({ reference: "memory:image", source: place.source("image") }),
  });
  for (const [refused, opened] of [
    [true, "nothing"],
    [false, "every layer"],
  ] as const) {
    place.log.length = 0;
    const { checks } = await verify(place.source("image"), { keys: [alice.decryption], signed: signed(refused) });
    assert.equal(checks.find(({ id }) => id === "keys-decrypt")?.findings.length, refused ? 0 : 4, opened);
    assert.equal(place.log.filter((line) => line.startsWith("read ")).length > 4, !refused, opened);
  }
});

test("what was not asked is not judged", async () => {
  const { place } = await sealedImage([alice]);
  const { "hmacs-hold": hmac, "no-other-recipients": else_, "layers-encrypted": sealed } = await verdicts(place, {});
  assert.deepEqual([hmac, else_, sealed], ["not judged", "not judged", "passed"]);
});

test("a plain layer in one platform of an index is found, unless it is allowed", async () => {
  const { place, plain } = await sealedImage([alice]);
  const source = JSON.parse(plain.text(plain.names.get("image")?.digest ?? ""));
  const original = JSON.parse(plain.text(source.manifests[1].digest)).layers[1];
  editManifest(place, 1, (manifest) => ({ ...manifest, layers: [manifest.layers[0], original] }));
  const report = await verify(place.source("image"));
  const [check] = report.checks.filter(({ verdict }) => verdict === "failed");
  assert.equal(check?.id, "layers-encrypted");
  const [finding] = check?.findings.filter(({ verdict }) => verdict === "failed") ?? [];
  assert.deepEqual([finding?.place?.platform?.architecture, finding?.place?.index], ["arm64", 1]);
  assert.equal(report.refusal?.code, "UNTRUSTED");
  assert.equal((await verdicts(place, { requireEncrypted: "some" }))["layers-encrypted"], "passed");
  assert.equal((await verdicts(place, { allowPlain: parseLayerSelection(["1"]) }))["layers-encrypted"], "passed");
  assert.equal((await verdicts(place, { platforms: [parsePlatform("linux/amd64")] }))["layers-encrypted"], "passed");
});

test("a missing recipient and an extra one are found", async () => {
  const { place } = await sealedImage([alice, bob]);
  assert.equal(
    (await verdicts(place, { requireRecipients: [{ scheme: "jwe", id: "carol" }] }))["recipients-present"],
    "failed",
  );
  assert.equal((await verdicts(place, { only: [alice.encryption] }))["no-other-recipients"], "failed");
  assert.equal((await verdicts(place, { minRecipients: 3 }))["enough-recipients"], "failed");
  const transform = await removeRecipients({
    match: [{ scheme: "jwe", id: "bob" }],
    select: parseLayerSelection(["1"]),
  });
  await copy(place.source("image"), place.target("image"), { transform });
  assert.equal(
    (await verdicts(place, { requireRecipients: [{ scheme: "jwe", id: "bob" }] }))["recipients-present"],
    "failed",
  );
});

test("a recipient that does not say who it is fails where only known ones may be", async () => {
  const place = new MemoryPlace();
  place.names.set("image", addImage(place, { layers: [{ mediaType: gzip, bytes: gzipSync("x") }] }));
  const transform = await encryptLayers({ keys: [alice.encryption], anonymous: true });
  await copy(place.source("image"), place.target("image"), { transform });
  assert.equal((await verdicts(place, { only: [alice.encryption] }))["no-other-recipients"], "failed");
});

test("a changed bit is found: in the blob as it is stored, and under a manifest that was made to fit", async () => {
  const { place } = await sealedImage([alice]);
  const index = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  const [layer] = JSON.parse(place.text(index.manifests[0].digest)).layers;
  const sealed = Uint8Array.from(place.content(layer.digest));
  sealed[100] = (sealed[100] ?? 0) ^ 1;
  editManifest(place, 0, (manifest) => ({
    ...manifest,
    layers: [{ ...layer, ...place.add(layer.mediaType, sealed) }, ...manifest.layers.slice(1)],
  }));
  const fitted = await verify(place.source("image"), { keys: [alice.decryption] });
  assert.deepEqual(
    fitted.checks.filter(({ verdict }) => verdict === "failed").map(({ id }) => id),
    ["hmacs-hold"],
  );
  assert.equal(fitted.refusal?.code, "UNTRUSTED");
  const other = await sealedImage([alice]);
  const [stored] = JSON.parse(
    other.place.text(JSON.parse(other.place.text(other.place.names.get("image")?.digest ?? "")).manifests[0].digest),
  ).layers;
  const broken = Uint8Array.from(other.place.content(stored.digest));
  broken[0] = (broken[0] ?? 0) ^ 1;
  other.place.blobs.set(stored.digest, broken);
  assert.equal((await verdicts(other.place, { keys: [alice.decryption] }))["hmacs-hold"], "failed");
  assert.equal((await verdicts(other.place, {}))["hmacs-hold"], "not judged");
});

test("faults/35: layers that were swapped as a whole do not have the diff ids of the config", async () => {
  const { place } = await sealedImage([alice]);
  editManifest(place, 0, (manifest) => ({ ...manifest, layers: manifest.layers.toReversed() }));
  const found = await verdicts(place, { keys: [alice.decryption] });
  assert.deepEqual([found["hmacs-hold"], found["diff-ids-hold"]], ["passed", "failed"]);
});

test("a plain twin is found by a key, and by the plain image", async () => {
  const { place, plain } = await sealedImage([alice]);
  const asked = { noPlaintextLeftovers: true, plainImage: plain.source("image") };
  assert.equal((await verdicts(place, asked))["no-plaintext-leftovers"], "passed");
  for (const [digest, bytes] of plain.blobs) if (bytes[0] === 0x1f) place.blobs.set(digest, bytes);
  assert.equal((await verdicts(place, asked))["no-plaintext-leftovers"], "failed");
  const keyed = { noPlaintextLeftovers: true, keys: [alice.decryption] };
  assert.equal((await verdicts(place, keyed))["no-plaintext-leftovers"], "failed");
  await assert.rejects(verify(place.source("image"), { noPlaintextLeftovers: true }), expectedError("USAGE"));
});

test("a secret in the config is a warning, and fails only where that is asked", async () => {
  const { place } = await sealedImage([alice], { Env: ["API_TOKEN=hush-hush"] });
  const report = await verify(place.source("image"));
  assert.equal(report.verdict, "warning");
  assert.equal(report.refusal, undefined);
  assert.ok(!JSON.stringify(report.checks).includes("hush"));
  assert.equal((await verdicts(place, { failOnSecrets: true }))["config-secrets"], "failed");
});

test("keys that open nothing are told apart from an image that fails", async () => {
  const { place } = await sealedImage([alice]);
  const nothing = await verify(place.source("image"), { keys: [carol.decryption] });
  assert.equal(nothing.refusal?.code, "KEY_MISMATCH");
});

test("an unknown cipher and an envelope that cannot be read are found without a key", async () => {
  const { place } = await sealedImage([alice]);
  editManifest(place, 0, (manifest) => ({
    ...manifest,
    layers: manifest.layers.map((layer, at) => ({
      ...layer,
      annotations: {
        ...layer.annotations,
        ...(at === 0
          ? { "org.opencontainers.image.enc.pubopts": Buffer.from('{"cipher":"ROT13"}').toString("base64") }
          : { "org.opencontainers.image.enc.keys.jwe": "AAAA" }),
      },
    })),
  }));
  const found = await verdicts(place, {});
  assert.deepEqual([found["ciphers-known"], found["envelopes-parse"]], ["failed", "failed"]);
});

test("abuse: a tag that moves while an image is verified does not bring another image into the report", async () => {
  const { place, plain } = await sealedImage([alice]);
  const open = await plain.source("image").resolve();
  for (const [digest, bytes] of plain.blobs) place.blobs.set(digest, bytes);
  const source = place.source("image");
  const answers = [open];
  const moving = { ...source, resolve: async () => answers.pop() ?? (await source.resolve()) };
  const image = { location: { transport: "dir", scopes: [""] }, identity: undefined };
  const signed = { rules: { insecurePolicy: true, requireEncrypted: "all" as const }, image };
  const { digest, checks } = await verify(moving, { signed });
  assert.equal(digest, open.digest);
  for (const id of ["layers-encrypted", "vouched-for"]) {
    assert.equal(checks.find((check) => check.id === id)?.verdict, "failed", id);
  }
});
