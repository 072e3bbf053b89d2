import assert from "node:assert/strict";
import { test } from "node:test";
import { schemesOf } from "../../../../src/crypt/recipients.js";
import {
  type DecryptionKey,
  loadKeyring,
  openEnvelope,
  recipientsOf,
  type WrapperOptions,
} from "../../../../src/doors/crypt.js";
import { digestOf, readVector, type Vector } from "../../../support/encrypted/vector.js";
import { vectorKeys, vectorProvider } from "../../../support/encrypted/vector-keys.js";

for (const id of ["pgp-rsa", "pgp-rsa-passphrase", "pkcs7-rsa", "multi-jwe-pgp-pkcs7"]) {
  test(`the vector ${id} opens with each of its key sets`, () => opensWithEverySet(id));
}

for (const id of ["keyprovider-cmd", "keyprovider-cmd-array"]) {
  test(`the vector ${id} opens through its provider, named or not`, async () => {
    const options = await vectorProvider(id);
    await opensWithEverySet(id, options);
    const vector = await readVector(id);
    await opens(vector, [], options);
  });
}

test("the vector pkcs11-pubkey-sha1 opens with the private key outside of its token", async () => {
  const vector = await readVector("pkcs11-pubkey-sha1");
  await opens(vector, await vectorKeys(vector, { scheme: "pkcs11", keys: ["keys/hsm.pem"] }));
});

test("a wrong passphrase for an OpenPGP key is told as such", async () => {
  const vector = await readVector("pgp-rsa-passphrase");
  for (const wrong of vector.mustFail) {
    await assert.rejects(async () => loadKeyring(await vectorKeys(vector, wrong)), {
      code: "KEY_INVALID",
      message: 'the passphrase for the OpenPGP key of "keys/paul.sec.gpg" is wrong',
    });
  }
});

test("a pkcs7 recipient is found without its certificate, by trying", async () => {
  const vector = await readVector("pkcs7-rsa");
  for (const keys of vector.mustFail) await opens(vector, await vectorKeys(vector, keys));
});

test("a stranger's key opens nothing, and the failure lists each scheme that was tried", async () => {
  const vector = await readVector("multi-jwe-pgp-pkcs7");
  const [layer] = vector.layers;
  for (const wrong of vector.mustFail) {
    const keyring = await loadKeyring(await vectorKeys(vector, wrong));
    await assert.rejects(openEnvelope(layer?.annotations, keyring), (error: Error & { code?: string }) => {
      assert.equal(error.code, "KEY_MISMATCH");
      for (const scheme of ["jwe", "pgp", "pkcs7"]) assert.match(error.message, new RegExp(`${scheme}: `));
      return true;
    });
  }
});

test("recipients are named as far as a wrapped key says whom it is for", async () => {
  const multi = await readVector("multi-jwe-pgp-pkcs7");
  const infos = await recipientsOf(multi.layers[0]?.annotations);
  assert.deepEqual(schemesOf(multi.layers[0]?.annotations), ["jwe", "pgp", "pkcs7"]);
  assert.match(infos.find(({ scheme }) => scheme === "pgp")?.label ?? "", /^RSA 0x[0-9A-F]{16}$/);
  assert.match(
    infos.find(({ scheme }) => scheme === "pkcs7")?.label ?? "",
    /^issuer ".*CN=vector multi" serial [0-9a-f]+$/,
  );
  const hsm = await readVector("pkcs11-pubkey-sha1");
  assert.equal((await recipientsOf(hsm.layers[0]?.annotations))[0]?.label, "RSA-OAEP RSA-2048");
  const provider = await readVector("keyprovider-cmd");
  assert.deepEqual(await recipientsOf(provider.layers[0]?.annotations), [
    { kind: "recipient", scheme: "provider", algorithm: "A256GCM", id: "vectorkp:test-kp", label: "vectorkp test-kp" },
  ]);
});

async function opensWithEverySet(id: string, options: WrapperOptions = {}): Promise<void> {
  const vector = await readVector(id);
  assert.ok(vector.decrypt.length > 0 && vector.layers.length > 0);
  for (const set of vector.decrypt) await opens(vector, await vectorKeys(vector, set), options);
}

async function opens(vector: Vector, keys: readonly DecryptionKey[], options: WrapperOptions = {}): Promise<void> {
  const keyring = await loadKeyring(keys, options);
  for (const layer of vector.layers) {
    const { cipher, options: layerOptions } = await openEnvelope(layer.annotations, keyring);
    const plain = cipher.open(once(layer.sealed), layerOptions, layer.sealed.length);
    assert.equal(await digestOf(plain), layer.plainDigest);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
