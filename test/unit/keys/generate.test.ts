import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import test from "node:test";
import { jwe } from "../../../src/crypt/schemes/jwe/jwe.js";
import { generateKeyPair } from "../../../src/keys/generate.js";
import { thumbprint } from "../../../src/keys/jwk.js";
import { expectedError } from "../../support/expected-error.js";
import { decryptionKey, encryptionKey } from "../../support/keys/key-pair.js";

for (const type of ["ec:P-256", "ec:P-384", "ec:P-521", "rsa:2048", "rsa:2056"]) {
  test(`a pair of the type ${type} seals and opens`, async () => {
    const pair = await generateKeyPair({ type });
    const publicKey = createPublicKey(pair.publicPem);
    const { modulusLength } = publicKey.asymmetricKeyDetails ?? {};
    assert.equal(publicKey.export({ format: "jwk" }).crv ?? `${modulusLength}`, type.slice(type.indexOf(":") + 1));
    assert.equal(pair.thumbprint, thumbprint(publicKey));
    const [packet] = await (await jwe.wrapFor([encryptionKey(pair.publicPem)]))(Buffer.from("secret"));
    assert.ok(packet);
    const unwrapper = await jwe.unwrapWith([decryptionKey(pair.privatePem)]);
    assert.deepEqual(Buffer.from((await unwrapper?.unwrap(packet)) ?? []), Buffer.from("secret"));
    assert.equal(jwe.recipients(packet)[0]?.id, pair.thumbprint);
  });
}

test("with a passphrase the private key is encrypted PKCS#8", async () => {
  const passphrase = Buffer.from("two\nlines");
  const pair = await generateKeyPair({ type: "ec:P-256", passphrase });
  assert.match(pair.privatePem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  assert.equal(thumbprint(createPrivateKey({ key: pair.privatePem, passphrase })), pair.thumbprint);
});

test("a type that does not exist, and a passphrase that would not protect or not be read back, are refused", async () => {
  for (const type of [
    "",
    "rsa",
    "rsa:1024",
    "rsa:16392",
    "rsa:2049",
    "rsa:3072:x",
    "rsa:0x800",
    "ec:P-192",
    "ec:secp256k1",
    "dsa:2048",
  ]) {
    await assert.rejects(generateKeyPair({ type }), expectedError("USAGE", /not a type of key/, /ec:P-256/));
  }
  for (const length of [0, 1025]) {
    const passphrase = Buffer.alloc(length, "x");
    await assert.rejects(generateKeyPair({ type: "ec:P-256", passphrase }), expectedError("USAGE", /1 to 1024 bytes/));
  }
});
