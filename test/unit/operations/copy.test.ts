import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { copyImage, encryptLayers } from "../../../src/doors/index.js";
import { generateSigstoreKeyPair, listImageSignatures, loadSigner } from "../../../src/doors/sign.js";
import { openTarget } from "../../../src/doors/transport.js";
import { expectedError } from "../../support/expected-error.js";
import { bringImage } from "../../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";

const layout = join(scratchDirectory(), "images");
const passphrase = Buffer.of();
const pair = await generateSigstoreKeyPair(passphrase);
const signer = await loadSigner({
  kind: "sigstore",
  value: Buffer.from(pair.privatePem),
  isFile: true,
  passphrase,
  origin: "cosign.key",
});
const rules = {
  insecurePolicy: true,
  trust: [{ kind: "sigstore", value: Buffer.from(pair.publicPem), origin: "cosign.pub" }],
};
const name = "registry.example/app:1";

async function writeImage(): Promise<void> {
  const place = new MemoryPlace();
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", bytes: Buffer.from("content") };
  await using target = await openTarget(`oci:${layout}:app`);
  await bringImage(place, addImage(place, { layers: [layer] }), target);
}

test("rules refuse an image without a signature, and a transform that nobody signs; with a signer both pass", async () => {
  await writeImage();
  const [app, signed, encrypted] = ["app", "signed", "encrypted"].map((tag) => `oci:${layout}:${tag}`);
  assert.ok(app && signed && encrypted);
  await assert.rejects(copyImage(app, signed, { rules }), expectedError("UNTRUSTED", /is refused|not trusted/));
  const { signatures } = await copyImage(app, signed, { sign: { signers: [signer], identity: name } });
  assert.deepEqual(
    signatures.map(({ format }) => format),
    (await listImageSignatures(signed)).attachments.map(({ kind }) => kind),
  );
  const transform = await encryptLayers({ keys: [person("alice").encryption] });
  const unsigned = expectedError("UNTRUSTED", /another digest, and no signature is for that/);
  await assert.rejects(copyImage(signed, encrypted, { rules, transform, removeSignatures: true }), unsigned);
  const sign = { signers: [signer], identity: name };
  const written = await copyImage(signed, encrypted, { rules, transform, removeSignatures: true, sign });
  assert.equal(written.changed, true);
  assert.ok(written.signatures.length > 0);
  assert.equal((await copyImage(encrypted, `oci:${layout}:again`, { rules })).digest, written.digest);
  assert.match(await readFile(join(layout, "index.json"), "utf8"), /again/);
});
