import assert from "node:assert/strict";
import { createCipheriv, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { envelopeOf } from "../../../src/crypt/envelope.js";
import type { DecryptionKey } from "../../../src/crypt/key-wrapper.js";
import { loadKeyring, unwrapEnvelope } from "../../../src/crypt/layer.js";
import { copyImage } from "../../../src/operations/copy.js";
import { inspectImage } from "../../../src/operations/inspect.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import type { LayerTransform } from "../../../src/transform/layer-transform.js";
import { addRecipients, removeRecipients } from "../../../src/transform/recipients.js";
import { readVector } from "../../support/encrypted/vector.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const newcomer = person("newcomer");

async function keysOf(vector: string, names: readonly string[]): Promise<readonly DecryptionKey[]> {
  return await Promise.all(
    names.map(async (name) => {
      const value = await readFile(join(process.cwd(), "test", "vectors", vector, name));
      return { scheme: undefined, value, passphrase: undefined, origin: name };
    }),
  );
}

async function envelopes(reference: string): Promise<readonly Record<string, string>[]> {
  const { manifests } = await inspectImage(reference);
  return manifests.flatMap(({ layers }) => layers.map(({ layer }) => envelopeOf(layer.annotations)));
}

for (const vector of ["jwe-comma-joined", "jwe-multi-rsa-ec", "multi-jwe-pgp-pkcs7", "pgp-rsa", "pkcs7-rsa"]) {
  test(`adding somebody to an image of another tool (${vector}) keeps its parts, and whoever could open it still can`, async () => {
    const { decrypt } = await readVector(vector);
    const original = `oci:${join(process.cwd(), "test", "vectors", vector, "image")}:enc`;
    const edited = `oci:${join(scratch, vector)}:edited`;
    const open = await keysOf(vector, decrypt[0]?.keys ?? []);
    await copyImage(original, edited, { transform: await addRecipients({ open, add: [newcomer.encryption] }) });
    const [before, after] = [await envelopes(original), await envelopes(edited)];
    for (const [index, one] of before.entries()) {
      for (const [name, value] of Object.entries(one)) assert.ok(after[index]?.[name]?.startsWith(value), name);
    }
    for (const { keys } of decrypt) await opens(edited, await keysOf(vector, keys));
    await opens(edited, [newcomer.decryption]);
    const removal = await removeRecipients({ match: [{ scheme: "jwe", id: "newcomer" }] });
    const restored = await copyImage(edited, edited, { transform: removal });
    assert.deepEqual(await envelopes(edited), before);
    assert.equal(restored.changed, true);
  });
}

async function opens(reference: string, keys: readonly DecryptionKey[]): Promise<void> {
  const transform: LayerTransform = await decryptLayers({ keys });
  const report = await copyImage(reference, `oci:${join(scratch, "opened")}:image`, { transform, dryRun: true });
  assert.ok(report.layers.some(({ action }) => action === "decrypt"));
}

test("a wrapped key of the Confidential Containers is listed, kept letter for letter, and removed by its provider's name", async () => {
  const vector = "jwe-multi-rsa-ec";
  const reference = `oci:${join(process.cwd(), "test", "vectors", vector, "image")}:enc`;
  const [key] = await keysOf(vector, ["keys/recipient1.pem"]);
  assert.ok(key);
  const suffix = "org.opencontainers.image.enc.keys.provider.attestation-agent";
  const [envelope] = await envelopes(reference);
  const packet = cocoPacket(await unwrapEnvelope(envelope, await loadKeyring([key])));
  const coco: LayerTransform = {
    layer: async () => ({
      kind: "relabel",
      relabel: (layer) => ({ ...layer, annotations: { ...layer.annotations, [suffix]: packet } }),
    }),
  };
  const edited = `oci:${join(scratch, "coco")}:edited`;
  await copyImage(reference, edited, { transform: coco });
  await copyImage(edited, edited, { transform: await addRecipients({ open: [key], add: [newcomer.encryption] }) });
  const { manifests } = await inspectImage(edited);
  const listed = manifests.flatMap(({ layers }) => layers.flatMap(({ recipients }) => recipients.map(({ id }) => id)));
  assert.ok(listed.includes("attestation-agent:kbs:///default/key/one"));
  for (const one of await envelopes(edited)) assert.equal(one[suffix], packet);
  const match = [{ scheme: "provider", id: "attestation-agent" }];
  await copyImage(edited, edited, { transform: await removeRecipients({ match }) });
  for (const one of await envelopes(edited)) assert.equal(one[suffix], undefined);
  await opens(edited, [newcomer.decryption]);
});

/** Version 1 of the key broker's wrapped key: AES-256-GCM, the tag behind the ciphertext. */
function cocoPacket(secret: Uint8Array): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", randomBytes(32), iv);
  const wrapped = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  const packet = {
    kid: "kbs:///default/key/one",
    wrapped_data: wrapped.toString("base64"),
    iv: iv.toString("base64"),
    wrap_type: "A256GCM",
  };
  return Buffer.from(JSON.stringify(packet)).toString("base64");
}
