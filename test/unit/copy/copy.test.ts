import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { copy } from "../../../src/copy/copy.js";
import { type ErrorCode, OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { parsePlatform } from "../../../src/oci/platform.js";
import type { ProgressEvent } from "../../../src/progress.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { parseLayerSelection } from "../../../src/transform/select.js";
import { unboundCipher } from "../../support/encrypted/unbound-cipher.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { decryptionKey, ecPair, encryptionKey, type KeyPair, rsaPair } from "../../support/keys/key-pair.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const key = keysOf(ecPair());

function keysOf({ publicKey, privateKey }: KeyPair) {
  return { encryption: encryptionKey(publicKey), decryption: decryptionKey(privateKey) };
}

function layer(size: number, mediaType = tar): { mediaType: string; bytes: Uint8Array } {
  return { mediaType, bytes: randomBytes(size) };
}

function warnings(): { events: string[]; progress: (event: ProgressEvent) => void } {
  const events: string[] = [];
  return { events, progress: (event) => event.type === "warning" && events.push(event.code) };
}

for (const indent of [undefined, 3, "\t"]) {
  test(`encrypting and decrypting a manifest indented by ${JSON.stringify(indent)} gives its digest back`, async () => {
    const a = new MemoryPlace();
    const shape = {
      indent: indent ?? 0,
      layers: [
        { ...layer(5000), annotations: { b: "1", a: "2" } },
        layer(0),
        { ...layer(70_000), annotations: { "org.opencontainers.image.encfoo": "stays" } },
      ],
      extra: { annotations: { x: "ä\u0007" }, vendor: { __proto__: 1, nested: [1, 2.5, null] } },
    };
    const plain = addImage(a, shape);
    a.names.set("plain", plain);
    await copy(a.source("plain"), a.target("sealed"), { transform: await encryptLayers({ keys: [key.encryption] }) });
    const sealed = a.names.get("sealed");
    assert.ok(sealed && sealed.digest !== plain.digest);
    const manifest = JSON.parse(a.text(sealed.digest));
    assert.ok(manifest.layers.every((one: Descriptor) => one.mediaType === `${tar}+encrypted`));
    await copy(a.source("sealed"), a.target("opened"), { transform: await decryptLayers({ keys: [key.decryption] }) });
    assert.equal(a.names.get("opened")?.digest, plain.digest);
  });
}

test("a layer that two platforms share is encrypted once, and attestations point at the new manifests", async () => {
  const a = new MemoryPlace();
  const shared = layer(3000);
  const amd = addImage(a, { layers: [shared, layer(10)] });
  const arm = addImage(a, {
    layers: [shared, layer(11)],
    platform: { os: "linux", architecture: "arm64", variant: "v8" },
  });
  const statement = a.add(mediaTypes.inToto, "{}");
  const attestation = a.add(mediaTypes.ociManifest, {
    schemaVersion: 2,
    config: a.add(mediaTypes.ociConfig, {}),
    layers: [statement],
  });
  const index = a.add(mediaTypes.ociIndex, {
    schemaVersion: 2,
    manifests: [
      { ...amd, platform: { os: "linux", architecture: "amd64" } },
      { ...arm, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
      {
        ...attestation,
        platform: { os: "unknown", architecture: "unknown" },
        annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd.digest },
      },
    ],
  });
  a.names.set("plain", index);
  const said = warnings();
  const b = new MemoryPlace("memory:b");
  const transform = await encryptLayers({ keys: [key.encryption], progress: said.progress });
  const report = await copy(a.source("plain"), b.target("sealed"), { transform });
  const root = JSON.parse(b.text(report.digest ?? ""));
  assert.equal(root.manifests[2].annotations["vnd.docker.reference.digest"], root.manifests[0].digest);
  assert.equal(root.manifests[2].digest, attestation.digest);
  assert.deepEqual(said.events, ["ATTESTATION_IN_CLEAR"]);
  const [first, second] = report.layers.filter((one) => one.before.digest === digestOf(shared.bytes));
  assert.equal(first?.after?.digest, second?.after?.digest);
  assert.equal(b.log.filter((line) => line === `put ${first?.after?.digest}`).length, 1);

  const back = await copy(b.source("sealed"), a.target("opened"), {
    transform: await decryptLayers({ keys: [key.decryption] }),
  });
  assert.equal(back.digest, index.digest);
});

test("a Docker manifest in which a layer is encrypted becomes an OCI one, and says that its digest is gone", async () => {
  const a = new MemoryPlace();
  const gz = "application/vnd.docker.image.rootfs.diff.tar.gzip";
  const said = warnings();
  a.names.set("plain", addImage(a, { docker: true, layers: [layer(100, gz), layer(100, gz)] }));
  const transform = await encryptLayers({
    keys: [key.encryption],
    select: parseLayerSelection(["0"]),
    progress: said.progress,
  });
  const report = await copy(a.source("plain"), a.target("sealed"), { transform });
  const manifest = JSON.parse(a.text(report.digest ?? ""));
  assert.equal(report.mediaType, mediaTypes.ociManifest);
  assert.equal(manifest.mediaType, mediaTypes.ociManifest);
  assert.equal(manifest.config.mediaType, mediaTypes.ociConfig);
  assert.deepEqual(
    manifest.layers.map((one: Descriptor) => one.mediaType),
    [`${tar}+gzip+encrypted`, `${tar}+gzip`],
  );
  assert.deepEqual(said.events, ["DIGEST_NOT_RESTORED"]);
});

test("nothing to do is byte for byte the same and writes nothing", async () => {
  const a = new MemoryPlace();
  const plain = addImage(a, { layers: [layer(100)] });
  a.names.set("plain", plain);
  const report = await copy(a.source("plain"), a.target("plain"), {
    transform: await decryptLayers({ keys: [key.decryption] }),
  });
  assert.equal(report.changed, false);
  assert.equal(report.digest, plain.digest);
  assert.ok(!a.log.some((line) => /^(put|manifest|commit)/.test(line)));
});

test("a key that decrypts nothing fails before a byte moves, and names each layer", async () => {
  const a = new MemoryPlace();
  a.names.set("plain", addImage(a, { layers: [layer(100), layer(200)] }));
  await copy(a.source("plain"), a.target("sealed"), { transform: await encryptLayers({ keys: [key.encryption] }) });
  a.log.length = 0;
  const transform = await decryptLayers({ keys: [decryptionKey(rsaPair().privateKey)] });
  await assert.rejects(copy(a.source("sealed"), a.target("opened"), { transform }), (error) => {
    assert.ok(error instanceof OciEncError && error.code === "KEY_MISMATCH");
    assert.equal(error.cause instanceof AggregateError && error.cause.errors.length, 2);
    return true;
  });
  assert.equal(a.names.has("opened"), false);
  assert.ok(!a.log.some((line) => line.startsWith("put")));
});

test("with partial, layers that no key decrypts stay encrypted", async () => {
  const a = new MemoryPlace();
  const other = keysOf(ecPair("P-256", "other"));
  a.names.set("plain", addImage(a, { layers: [layer(100), layer(200)] }));
  const first = await encryptLayers({ keys: [key.encryption], select: parseLayerSelection(["0"]) });
  await copy(a.source("plain"), a.target("half"), { transform: first });
  const second = await encryptLayers({ keys: [other.encryption], ifEncrypted: "skip" });
  await copy(a.source("half"), a.target("sealed"), { transform: second });
  const said = warnings();
  const transform = await decryptLayers({ keys: [key.decryption], partial: true, progress: said.progress });
  const report = await copy(a.source("sealed"), a.target("opened"), { transform });
  assert.deepEqual(
    report.layers.map((one) => one.action),
    ["decrypt", "keep"],
  );
  assert.deepEqual(said.events, ["LAYER_KEPT"]);
});

test("what cannot be encrypted is refused before a byte moves", async () => {
  const cases: [string, Parameters<typeof addImage>[1], string[], ErrorCode][] = [
    ["a selector without a match", { layers: [layer(1)] }, ["5"], "USAGE"],
    ["a selected layer of unknown type", { layers: [layer(1, "application/x"), layer(1)] }, ["0"], "UNSUPPORTED"],
    ["only layers of unknown type", { layers: [layer(1, "application/x")] }, [], "UNSUPPORTED"],
    [
      "a nondistributable layer",
      { layers: [layer(1, "application/vnd.oci.image.layer.nondistributable.v1.tar")] },
      [],
      "UNSUPPORTED",
    ],
    ["a layer with urls", { layers: [{ ...layer(1), urls: ["https://elsewhere.example/x"] }] }, [], "UNSUPPORTED"],
    ["a sealed layer", { layers: [layer(1, `${tar}+encrypted`)] }, [], "USAGE"],
    [
      "faults/36: a plain type with wrapped keys",
      { layers: [{ ...layer(1), annotations: { "org.opencontainers.image.enc.keys.jwe": "eA==" } }] },
      [],
      "CORRUPT",
    ],
  ];
  for (const [what, shape, selectors, wanted] of cases) {
    const a = new MemoryPlace();
    a.names.set("plain", addImage(a, shape));
    const transform = await encryptLayers({ keys: [key.encryption], select: parseLayerSelection(selectors) });
    await assert.rejects(copy(a.source("plain"), a.target("sealed"), { transform }), expectedError(wanted), what);
    assert.ok(!a.log.some((line) => /^(put|commit)/.test(line)), what);
  }
});

test("platforms that are not chosen are kept byte for byte, or dropped", async () => {
  const a = new MemoryPlace();
  const amd = addImage(a, { layers: [layer(10)] });
  const arm = addImage(a, { layers: [layer(11)], platform: { os: "linux", architecture: "arm64" } });
  const index = a.add(mediaTypes.ociIndex, {
    schemaVersion: 2,
    manifests: [
      { ...amd, platform: { os: "linux", architecture: "amd64" } },
      { ...arm, platform: { os: "linux", architecture: "arm64" } },
    ],
  });
  a.names.set("plain", index);
  const platforms = [parsePlatform("linux/arm64")];
  const kept = await copy(a.source("plain"), a.target("kept"), {
    platforms,
    transform: await encryptLayers({ keys: [key.encryption] }),
  });
  const root = JSON.parse(a.text(kept.digest ?? ""));
  assert.equal(root.manifests[0].digest, amd.digest);
  assert.notEqual(root.manifests[1].digest, arm.digest);

  const only = await copy(a.source("plain"), a.target("only"), { platforms, otherPlatforms: "drop" });
  assert.equal(only.digest, arm.digest);
  const twice = [...platforms, parsePlatform("linux/amd64")];
  const both = await copy(a.source("plain"), a.target("both"), { platforms: twice, otherPlatforms: "drop" });
  assert.equal(both.digest, index.digest);
  const missing = [parsePlatform("windows/amd64")];
  await assert.rejects(copy(a.source("plain"), a.target("none"), { platforms: missing }), expectedError("NOT_FOUND"));
});

test("two of three platforms make an index without the third", async () => {
  const a = new MemoryPlace();
  const platforms = ["amd64", "arm64", "s390x"].map((architecture) => ({ os: "linux", architecture }));
  const manifests = platforms.map((platform) => ({ ...addImage(a, { layers: [layer(9)], platform }), platform }));
  a.names.set(
    "plain",
    a.add(mediaTypes.ociIndex, JSON.stringify({ schemaVersion: 2, manifests, annotations: { a: "b" } }, null, 2)),
  );
  for (const wanted of [
    ["amd64", "arm64"],
    ["amd64", "s390x"],
    ["arm64", "s390x"],
  ]) {
    const chosen = wanted.map((architecture) => parsePlatform(`linux/${architecture}`));
    const report = await copy(a.source("plain"), a.target("some"), { platforms: chosen, otherPlatforms: "drop" });
    const root = JSON.parse(a.text(report.digest ?? ""));
    assert.deepEqual(
      root.manifests.map((one: Descriptor) => one.platform?.architecture),
      wanted,
    );
    assert.deepEqual(root.annotations, { a: "b" });
  }
});

test("faults/34: a wrapped digest of another compression is accepted by the diff id, with a notice, and anything else is not", async () => {
  for (const honest of [true, false]) {
    const a = new MemoryPlace();
    const content = randomBytes(100_000);
    const [one, other] = [gzipSync(content, { level: 1 }), gzipSync(content, { level: 9 })];
    const diffIds = [honest ? digestOf(content) : digestOf(randomBytes(3))];
    a.names.set("plain", addImage(a, { layers: [{ mediaType: `${tar}+gzip`, bytes: one }], diffIds }));
    const inner = await encryptLayers({ keys: [key.encryption], cipher: unboundCipher });
    // A writer that wraps the digest of the blob before it was compressed anew.
    const transform: typeof inner = {
      ...inner,
      layer: (layer, context) => inner.layer({ ...layer, digest: digestOf(other) }, context),
    };
    await copy(a.source("plain"), a.target("sealed"), { transform });
    const said = warnings();
    const opening = copy(a.source("sealed"), a.target("opened"), {
      transform: await decryptLayers({ keys: [key.decryption], progress: said.progress }),
    });
    if (honest) {
      assert.equal((await opening).layers[0]?.after?.digest, digestOf(one));
      assert.deepEqual(said.events, ["RECOMPRESSED"]);
    } else await assert.rejects(opening, expectedError("CORRUPT"));
    const lax = await decryptLayers({ keys: [key.decryption], verifyContent: false });
    await copy(a.source("sealed"), a.target("lax"), { transform: lax });
  }
});

test("a secret in the config is warned about by its name alone", async () => {
  const a = new MemoryPlace();
  a.names.set("plain", addImage(a, { layers: [layer(1)], config: { Env: ["PATH=/bin", "API_TOKEN=hush-hush"] } }));
  const messages: string[] = [];
  const progress = (event: ProgressEvent) =>
    event.type === "warning" && messages.push(`${event.code} ${event.message}`);
  await copy(a.source("plain"), a.target("sealed"), {
    transform: await encryptLayers({ keys: [key.encryption], progress }),
  });
  assert.equal(messages.length, 1);
  assert.match(messages[0] ?? "", /^CONFIG_SECRET .*API_TOKEN/);
  assert.doesNotMatch(messages.join(), /hush|PATH/);
});

test("faults/12: an index nested too deeply is refused", async () => {
  const a = new MemoryPlace();
  let child = addImage(a, { layers: [layer(1)] });
  for (let depth = 0; depth < 10; depth += 1) {
    child = a.add(mediaTypes.ociIndex, { schemaVersion: 2, depth, manifests: [child] });
  }
  a.names.set("deep", child);
  await assert.rejects(copy(a.source("deep"), a.target("out")), expectedError("CORRUPT"));
});

test("an abort between two layers ends the copy as interrupted", async () => {
  const a = new MemoryPlace();
  a.names.set("plain", addImage(a, { layers: [layer(100), layer(200)] }));
  const stop = new AbortController();
  const progress = (event: ProgressEvent) => event.type === "started" && stop.abort();
  const b = new MemoryPlace("memory:b");
  await assert.rejects(
    copy(a.source("plain"), b.target("out"), { signal: stop.signal, progress }),
    expectedError("ABORTED"),
  );
  assert.equal(b.names.size, 0);
});

test("platforms that a transform leaves as they are, and plain layers that they share, are warned about", async () => {
  const a = new MemoryPlace();
  const shared = layer(300);
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  const manifests = platforms.map((platform) => ({
    ...addImage(a, { layers: [shared, layer(9)], platform }),
    platform,
  }));
  a.names.set("plain", a.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests }));
  const messages: string[] = [];
  const progress = (event: ProgressEvent) =>
    event.type === "warning" && messages.push(`${event.code} ${event.message}`);
  const transform = await encryptLayers({ keys: [key.encryption] });
  await copy(a.source("plain"), a.target("half"), { platforms: [parsePlatform("linux/amd64")], transform, progress });
  assert.equal(messages.length, 2);
  assert.match(messages[0] ?? "", /^PLATFORM_KEPT .*linux\/arm64/);
  assert.match(messages[1] ?? "", new RegExp(`^SHARED_LAYER_PLAIN layer 0 of linux/arm64 .${digestOf(shared.bytes)}`));

  messages.length = 0;
  const all = await encryptLayers({ keys: [key.encryption] });
  await copy(a.source("plain"), a.target("whole"), { transform: all, progress });
  assert.deepEqual(messages, []);
});
