import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { describeKeyFile } from "../../../src/crypt/describe-key.js";
import { thumbprint } from "../../../src/keys/jwk.js";
import { expectedError } from "../../support/expected-error.js";
import { keyFixtures } from "../../support/keys/key-fixtures.js";
import { ecPair, rsaPair } from "../../support/keys/key-pair.js";

function pem(key: KeyObject, passphrase?: string): Buffer {
  const locked = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  const options = { type: key.type === "private" ? "pkcs8" : "spki", format: "pem", ...locked } as const;
  return Buffer.from(
    key.type === "private" ? key.export({ ...options, type: "pkcs8" }) : key.export({ type: "spki", format: "pem" }),
  );
}

const describe = (value: Uint8Array, passphrase?: string) =>
  describeKeyFile({ value, passphrase: passphrase === undefined ? undefined : Buffer.from(passphrase), origin: "key" });

test("a key is described by its kind, type and size or curve, and the fingerprint of both halves is one", async () => {
  for (const [pair, algorithm] of [
    [rsaPair(2048), "RSA 2048"],
    [rsaPair(3072), "RSA 3072"],
    [ecPair("P-256"), "EC P-256"],
    [ecPair("P-384"), "EC P-384"],
    [ecPair("P-521"), "EC P-521"],
    [ecPair("secp256k1"), "EC secp256k1"],
    [generateKeyPairSync("ed25519"), "ED25519"],
  ] as const) {
    for (const [kind, key] of [
      ["private key", pair.privateKey],
      ["public key", pair.publicKey],
    ] as const) {
      const fingerprint = thumbprint(pair.publicKey);
      assert.deepEqual(await describe(pem(key)), [{ kind, algorithm, fingerprint, protected: false, details: [] }]);
    }
  }
});

test("an encrypted key is described as far as it can be read", async () => {
  const { privateKey, publicKey } = ecPair("P-384");
  const locked = pem(privateKey, "sesame");
  const closed = { kind: "private key", algorithm: "", fingerprint: "", protected: true, details: [] };
  assert.deepEqual(await describe(locked), [closed]);
  const open = { ...closed, algorithm: "EC P-384", fingerprint: thumbprint(publicKey) };
  assert.deepEqual(await describe(locked, "sesame"), [open]);
  await assert.rejects(describe(locked, "wrong"), expectedError("KEY_INVALID", /passphrase/));
});

test("a certificate is described with its names, serial number and time, each on one line", async () => {
  const [certificate] = (await keyFixtures()).get("certificate, RSA") ?? [];
  assert.ok(certificate);
  const [description, ...more] = await describe(certificate.value);
  const read = new X509Certificate(certificate.value);
  assert.deepEqual(more, []);
  assert.deepEqual(description, {
    kind: "certificate",
    algorithm: "RSA 2048",
    fingerprint: thumbprint(read.publicKey),
    protected: false,
    details: [
      ["subject", "O=oci-enc, CN=one"],
      ["issuer", "O=oci-enc, CN=one"],
      ["serial", read.serialNumber.toLowerCase()],
      ["valid", `${new Date(read.validFrom).toISOString()} to ${new Date(read.validTo).toISOString()}`],
    ],
  });
});

test("every key of a file is described, and of what is no key it is said what it is", async () => {
  const [one, other] = [pem(ecPair().publicKey), pem(rsaPair().privateKey)];
  const kinds = (await describe(Buffer.concat([one, other]))).map(({ kind, algorithm }) => `${kind} ${algorithm}`);
  assert.deepEqual(kinds, ["public key EC P-256", "private key RSA 2048"]);
  for (const text of ["", "nothing of the kind", "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n"]) {
    await assert.rejects(
      describe(Buffer.from(text)),
      expectedError("KEY_INVALID", /^"key" (?:is|holds no key) /),
      text,
    );
  }
});
