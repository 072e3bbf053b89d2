import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { describeKeyFile } from "../../../../src/doors/crypt.js";
import { pemBlocks } from "../../../../src/keys/pem.js";
import { describeSigningKey } from "../../../../src/operations/describe-key.js";
import {
  generateSigstoreKeyPair,
  readSigningKey,
  readVerificationKey,
  signingKeyWantsPassphrase,
  writeSigningKey,
} from "../../../../src/sign/sigstore/key-file.js";
import { sigstoreKeyName } from "../../../../src/sign/sigstore/key-kind.js";
import { expectedError } from "../../../support/expected-error.js";
import { readSigned } from "../../../support/signing/signed-vectors.js";

const passphrase = Buffer.from("oci-enc-test-A");

function publicKeyAt(path: string): KeyObject {
  return readVerificationKey({ value: readSigned(path), origin: path });
}

for (const name of ["sigstore-k1", "sigstore-k2"]) {
  test(`cosign's encrypted key ${name} is read with its passphrase, under both labels`, async () => {
    const text = readSigned(`keys/${name}.key`).toString();
    for (const value of [text, text.replaceAll("ENCRYPTED SIGSTORE", "ENCRYPTED COSIGN")].map((form) =>
      Buffer.from(form),
    )) {
      assert.equal(signingKeyWantsPassphrase(value), true);
      const key = await readSigningKey({ value, origin: name, passphrase });
      assert.ok(createPublicKey(key).equals(publicKeyAt(`keys/${name}.pub`)));
    }
  });
}

for (const name of ["raw-p256raw", "raw-p384", "raw-rsa", "raw-ed25519"]) {
  test(`the plain key ${name} is read without a passphrase`, async () => {
    const value = readSigned(`keys/${name}.pem`);
    assert.equal(signingKeyWantsPassphrase(value), false);
    const key = await readSigningKey({ value, origin: name });
    assert.equal(sigstoreKeyName(key), sigstoreKeyName(publicKeyAt(`keys/${name}.pub`)));
  });
}

test("a SEC1 key and an encrypted PKCS#8 key are read", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-521" });
  const sec1 = Buffer.from(privateKey.export({ type: "sec1", format: "pem" }));
  assert.ok((await readSigningKey({ value: sec1, origin: "k" })).equals(privateKey));
  const options = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" } as const;
  const value = Buffer.from(privateKey.export(options));
  assert.equal(signingKeyWantsPassphrase(value), true);
  assert.ok((await readSigningKey({ value, origin: "k", passphrase: Buffer.from("secret") })).equals(privateKey));
});

test("a new key pair is read back, also with an empty passphrase", async () => {
  for (const word of ["", "correct horse"]) {
    const pair = await generateSigstoreKeyPair(Buffer.from(word));
    assert.match(pair.privatePem, /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
    const value = Buffer.from(pair.privatePem);
    const key = await readSigningKey({ value, origin: "k", passphrase: Buffer.from(word) });
    const publicKey = readVerificationKey({ value: Buffer.from(pair.publicPem), origin: "k.pub" });
    assert.equal(key.asymmetricKeyDetails?.namedCurve, "prime256v1");
    assert.ok(createPublicKey(key).equals(publicKey));
    assert.equal(pair.name, sigstoreKeyName(publicKey));
  }
});

test("a wrong or missing passphrase is KEY_INVALID, and no part of it is shown", async () => {
  const value = readSigned("keys/sigstore-k1.key");
  const wrong = readSigningKey({ value, origin: "k1.key", passphrase: Buffer.from("hunter2") });
  await assert.rejects(
    wrong,
    expectedError("KEY_INVALID", /^the passphrase for the private key in "k1.key" is wrong$/),
  );
  await assert.rejects(
    readSigningKey({ value, origin: "k1.key" }),
    expectedError("KEY_INVALID", /no passphrase was given/),
  );
});

test("a damaged encrypted key is KEY_INVALID", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const file = JSON.parse(bodyOf(await writeSigningKey(privateKey, passphrase)));
  const damaged: readonly unknown[] = [
    { ...file, ciphertext: undefined },
    { ...file, ciphertext: "AAAA" },
    { ...file, cipher: { ...file.cipher, name: "aes" } },
    { ...file, cipher: { ...file.cipher, nonce: "AAAA" } },
    { ...file, kdf: { ...file.kdf, name: "pbkdf2" } },
    { ...file, kdf: { ...file.kdf, salt: 7 } },
    [],
  ];
  for (const one of damaged) {
    const value = asPem(JSON.stringify(one));
    await assert.rejects(readSigningKey({ value, origin: "k", passphrase }), expectedError("KEY_INVALID"));
  }
  const twice = JSON.stringify(file).replace("{", '{"ciphertext":"AAAA",');
  await assert.rejects(
    readSigningKey({ value: asPem(twice), origin: "k", passphrase }),
    expectedError("KEY_INVALID", /malformed/),
  );
});

test("abuse: a key file that asks for N = 2^30, or any other cost than the three in use, is refused at once", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const file = JSON.parse(bodyOf(await writeSigningKey(privateKey, passphrase)));
  const costs = [
    { N: 2 ** 30, r: 8, p: 1 },
    { N: 65536, r: 8, p: 64 },
    { N: 65536, r: 1024, p: 1 },
    { N: "65536", r: 8, p: 1 },
    { N: 2, r: 8, p: 1 },
  ];
  const begun = performance.now();
  for (const params of costs) {
    const value = asPem(JSON.stringify({ ...file, kdf: { ...file.kdf, params } }));
    await assert.rejects(
      readSigningKey({ value, origin: "k", passphrase }),
      expectedError("KEY_INVALID", /scrypt cost/),
    );
  }
  assert.ok(performance.now() - begun < 5_000);
});

test("public keys of unsuitable kinds, certificates and private keys are refused as verification keys", () => {
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const curve = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey;
  const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey;
  for (const key of [short, curve, pss]) {
    const value = Buffer.from(key.export({ type: "spki", format: "pem" }));
    assert.throws(
      () => readVerificationKey({ value, origin: "k" }),
      expectedError("KEY_INVALID", /cannot sign images/),
    );
  }
  const certificate = readSigned("keys/notary/ec256-root.crt");
  for (const value of [certificate, readSigned("keys/raw-p384.pem"), Buffer.from("nothing")]) {
    assert.throws(() => readVerificationKey({ value, origin: "k" }), expectedError("KEY_INVALID", /not a public key/));
  }
  const two = Buffer.concat([readSigned("keys/sigstore-k1.pub"), readSigned("keys/sigstore-k2.pub")]);
  assert.throws(() => readVerificationKey({ value: two, origin: "k" }), expectedError("KEY_INVALID", /several/));
});

test("an RSA public key is read in PKCS#1 as well, and nothing after another block is", () => {
  const value = readSigned("keys/raw-rsa.pub");
  const pkcs1 = Buffer.from(createPublicKey(value).export({ type: "pkcs1", format: "pem" }));
  assert.match(pkcs1.toString(), /BEGIN RSA PUBLIC KEY/);
  assert.ok(readVerificationKey({ value: pkcs1, origin: "k" }).equals(publicKeyAt("keys/raw-rsa.pub")));
  const behind = Buffer.concat([readSigned("keys/notary/ec256-root.crt"), value]);
  assert.throws(() => readVerificationKey({ value: behind, origin: "k" }), expectedError("KEY_INVALID"));
});

test("cosign's encrypted key is described from the outside, and with its passphrase by its public half", async () => {
  const value = readSigned("keys/sigstore-k1.key");
  const [outside] = (await describeSigningKey({ value, origin: "k" })) ?? [];
  assert.deepEqual([outside?.kind, outside?.algorithm, outside?.protected], ["private key", "", true]);
  assert.match(outside?.details[0]?.[1] ?? "", /^cosign's/);
  const [inside] = (await describeSigningKey({ value, origin: "k", passphrase })) ?? [];
  const [publicHalf] = await describeKeyFile({ value: readSigned("keys/sigstore-k1.pub"), origin: "k" });
  assert.deepEqual([inside?.algorithm, inside?.fingerprint], ["EC P-256", publicHalf?.fingerprint]);
  assert.equal(inside?.details[1]?.[1], sigstoreKeyName(publicKeyAt("keys/sigstore-k1.pub")));
  const wrong = { value, origin: "k", passphrase: Buffer.from("no") };
  await assert.rejects(describeSigningKey(wrong), expectedError("KEY_INVALID", /passphrase/));
  assert.equal(await describeSigningKey({ value: readSigned("keys/raw-rsa.pub"), origin: "k" }), undefined);
});

function bodyOf(pem: string): string {
  return Buffer.from(pemBlocks(pem)[0]?.body ?? []).toString();
}

function asPem(body: string): Buffer {
  const label = "ENCRYPTED SIGSTORE PRIVATE KEY";
  return Buffer.from(`-----BEGIN ${label}-----\n${Buffer.from(body).toString("base64")}\n-----END ${label}-----\n`);
}
