import assert from "node:assert/strict";
import { test } from "node:test";
import { copy } from "../../../../src/copy/copy.js";
import { recipientsOf } from "../../../../src/crypt/recipients.js";
import { isEncrypted } from "../../../../src/oci/media-type.js";
import { canDecrypt } from "../../../../src/operations/can-decrypt.js";
import { verify } from "../../../../src/operations/verify/verify.js";
import { encryptLayers } from "../../../../src/transform/encrypt.js";
import type { LayerTransform } from "../../../../src/transform/layer-transform.js";
import { addRecipients, removeRecipients } from "../../../../src/transform/recipients.js";
import { rekeyLayers } from "../../../../src/transform/rekey.js";
import { expectedError } from "../../../support/expected-error.js";
import { person } from "../../../support/keys/people.js";
import { hostImage, randomImage } from "../../../support/registry/hosted-image.js";
import { openFrom, openTo } from "../../../support/registry/registry-ends.js";
import { summary } from "../../../support/registry/request-log.js";
import { on, type StrictRegistry, startStrictRegistry } from "../../../support/registry/strict/strict-registry.js";

const [alice, bob] = [person("alice"), person("bob")];

async function edit(server: StrictRegistry, transform: LayerTransform, from = "app:1", to = from) {
  await using source = await openFrom(server.host, {}, from);
  await using target = await openTo(server.host, {}, to);
  const before = server.log.length;
  const report = await copy(source, target, { transform });
  return { report, requests: server.log.slice(before) };
}

async function sealed(): Promise<StrictRegistry> {
  const server = await startStrictRegistry();
  hostImage(server);
  await edit(server, await encryptLayers({ keys: [alice.encryption] }));
  return server;
}

test("recipients are added and removed with requests for manifests alone", async () => {
  await using server = await sealed();
  for (const transform of [
    await addRecipients({ open: [alice.decryption], add: [bob.encryption] }),
    await removeRecipients({ match: [{ scheme: "jwe", id: "alice" }] }),
  ]) {
    const { report, requests } = await edit(server, transform);
    assert.equal(report.changed, true);
    const blobs = summary(requests).filter((line) => line.includes("/blobs/"));
    assert.deepEqual(blobs, []);
  }
  await using source = await openFrom(server.host);
  assert.equal((await canDecrypt(source, { keys: [bob.decryption] })).decrypts, true);
  assert.equal((await canDecrypt(source, { keys: [alice.decryption] })).decrypts, false);
});

test("in another repository of the registry, the blobs are mounted and none is sent", async () => {
  await using server = await sealed();
  const transform = await addRecipients({ open: [alice.decryption], add: [bob.encryption] });
  const { requests } = await edit(server, transform, "app:1", "other:1");
  const sent = requests.filter(({ method, path }) => ["PATCH", "PUT"].includes(method) && path.includes("/blobs/"));
  assert.deepEqual(summary(sent), []);
  const read = requests.filter(({ method, path }) => method === "GET" && path.includes("/blobs/"));
  assert.deepEqual(summary(read), []);
  assert.ok(summary(requests).some((line) => line.includes("mount=")));
  await using source = await openFrom(server.host, {}, "other:1");
  assert.equal((await canDecrypt(source, { keys: [bob.decryption] })).decrypts, true);
});

test("faults/43: a tag that moves between the plan and the write is a conflict, and what it names then stays", async () => {
  await using server = await sealed();
  const { root } = hostImage(server, "app:meanwhile");
  const transform = await addRecipients({ open: [alice.decryption], add: [bob.encryption] });
  let moved = false;
  const moving: LayerTransform = {
    ...transform,
    async layer(layer, context) {
      if (!moved) server.repository("app").tags.set("1", root.digest);
      moved = true;
      return await transform.layer(layer, context);
    },
  };
  await assert.rejects(edit(server, moving), expectedError("CONFLICT"));
  assert.equal(server.repository("app").tags.get("1"), root.digest);
});

test("faults/43: a tag that moves while the manifest is on its way is a conflict, and nothing is lost", async () => {
  await using server = await sealed();
  const { root } = hostImage(server, "app:meanwhile");
  const transform = await addRecipients({ open: [alice.decryption], add: [bob.encryption] });
  server.inject(on("PUT", /\/v2\/app\/manifests\/1$/), async (_, proceed) => {
    await proceed();
    server.repository("app").tags.set("1", root.digest);
  });
  await assert.rejects(edit(server, transform), expectedError("CONFLICT"));
  server.assertFaultsUsed();
  assert.equal(server.repository("app").tags.get("1"), root.digest);
});

test("rekey reads each blob once and writes each once, from registry to registry", async () => {
  await using server = await sealed();
  const transform = await rekeyLayers({ open: [alice.decryption], recipients: [bob.encryption] });
  await edit(server, transform, "app:1", "app:2");
  await using source = await openFrom(server.host, {}, "app:2");
  assert.equal((await canDecrypt(source, { keys: [bob.decryption] })).decrypts, true);
  assert.equal((await canDecrypt(source, { keys: [alice.decryption] })).decrypts, false);
});

test("a rebuild that changes one of ten layers sends that layer and manifests only", async () => {
  await using server = await startStrictRegistry();
  const sizes = Array.from({ length: 10 }, (_, index) => 1000 + index);
  const { place, layers } = randomImage(sizes);
  const send = async (name: string, transform: LayerTransform) => {
    await using target = await openTo(server.host, {}, name);
    const before = server.log.length;
    const report = await copy(place.source("app"), target, { transform });
    return { report, requests: server.log.slice(before) };
  };
  const { report: first } = await send("app:1", await encryptLayers({ keys: [alice.encryption] }));
  const root = JSON.parse(place.text(place.names.get("app")?.digest ?? ""));
  const config = JSON.parse(place.text(root.config.digest));
  const fresh = place.add(layers[3]?.mediaType ?? "", Buffer.alloc(2000, 7));
  root.layers[3] = fresh;
  config.rootfs.diff_ids[3] = fresh.digest;
  root.config = place.add(root.config.mediaType, config);
  place.names.set("app", place.add(root.mediaType, root));

  await using origin = await openFrom(server.host, {}, `app@${first.digest}`);
  const earlier = first.layers.map(({ after, before, index }) => {
    assert.ok(after);
    return { layer: after, index, diffId: before.digest };
  });
  const transform = await encryptLayers({
    keys: [alice.encryption],
    previous: { layers: earlier, origin, vouched: "pinned" },
  });
  const { report, requests } = await send("app:2", transform);
  assert.deepEqual(
    report.layers.filter(({ action }) => action !== "reuse").map(({ index, action }) => [index, action]),
    [[3, "encrypt"]],
  );
  const stored = requests.filter(({ method, path }) => method === "PUT" && path.includes("/blobs/uploads/"));
  const digests = stored.map(({ path }) => new URLSearchParams(path.split("?")[1]).get("digest"));
  assert.deepEqual(new Set(digests), new Set([report.layers[3]?.after?.digest, root.config.digest]));
  assert.deepEqual(
    summary(requests).filter((line) => line.startsWith("GET") && line.includes("/blobs/")),
    [],
  );
});

test("a plain blob that the repository still serves is found, and one that it does not serve is not", async () => {
  await using server = await startStrictRegistry();
  hostImage(server);
  await edit(server, await encryptLayers({ keys: [alice.encryption] }), "app:1", "sealed:1");
  const ask = async (name: string) => {
    await using source = await openFrom(server.host, {}, name);
    const { checks } = await verify(source, { keys: [alice.decryption], noPlaintextLeftovers: true });
    return checks.find(({ id }) => id === "no-plaintext-leftovers")?.verdict;
  };
  assert.equal(await ask("sealed:1"), "passed");
  await edit(server, await encryptLayers({ keys: [alice.encryption] }), "app:1", "app:1-enc");
  assert.equal(await ask("app:1-enc"), "failed");
});

test("the recipients that a registry's image lists are those that were added", async () => {
  await using server = await sealed();
  const { report } = await edit(server, await addRecipients({ open: [alice.decryption], add: [bob.encryption] }));
  for (const { after } of report.layers) {
    assert.ok(after && isEncrypted(after.mediaType));
    assert.deepEqual(
      (await recipientsOf(after.annotations)).map(({ id }) => id),
      ["alice", "bob"],
    );
  }
});
