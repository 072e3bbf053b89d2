import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import test from "node:test";
import { OciEncError } from "../../../src/errors.js";
import { expectedError } from "../../support/expected-error.js";
import {
  assertSameKey,
  keyFile,
  keyFileBytes,
  privateForms,
  privateKeys,
  publicForms,
  publicKeys,
} from "../../support/keys/key-forms.js";
import { ecPair, jwkFile, rsaPair } from "../../support/keys/key-pair.js";

const rsa = rsaPair();
const ec = ecPair();
const cipher = { cipher: "aes-256-cbc", passphrase: "hunter2" };

test("faults/38: a private key given as recipient is refused, with the way to its public key", () => {
  const hint = /openssl pkey -in PRIVATE.pem -pubout/;
  for (const [form, [value]] of privateForms) {
    const expected = form.startsWith("JWK") ? /take the private members out/ : hint;
    assert.throws(
      () => publicKeys(keyFile(value)),
      expectedError("KEY_INVALID", /^"given.pem" is a private key/, expected),
      form,
    );
  }
  const mixed = `{"keys":[${jwkFile(ec.privateKey)},${jwkFile(rsa.publicKey)}]}`;
  assert.throws(() => publicKeys(keyFile(mixed)), expectedError("KEY_INVALID", /is a private key/));
});

test("faults/38: a public key or a certificate given as private key is refused as what it is", () => {
  for (const [form, [value]] of publicForms) {
    assert.throws(
      () => privateKeys(keyFile(value)),
      expectedError("KEY_INVALID", /^"given.pem" is a public key/),
      form,
    );
  }
  assert.throws(
    () => privateKeys(keyFile(keyFileBytes("certificate.pem"))),
    expectedError("KEY_INVALID", /is a certificate; a private/),
  );
});

test("faults/38: RSA keys below 2048 and above 16384 bits are refused on both sides, the bounds themselves are not", () => {
  const modulus = (bits: number) => {
    const bytes = randomBytes(bits / 8);
    bytes[0] = 0x80;
    return bytes.toString("base64url");
  };
  const ofBits = (bits: number) => keyFile(JSON.stringify({ kty: "RSA", e: "AQAB", n: modulus(bits) }));
  for (const bits of [512, 2040, 16392]) {
    assert.throws(
      () => publicKeys(ofBits(bits)),
      expectedError("KEY_INVALID", new RegExp(`${bits} bits; 2048 to 16384`)),
    );
  }
  for (const bits of [2048, 16384]) assert.equal(publicKeys(ofBits(bits)).length, 1);
  const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ type: "pkcs8", format: "pem" });
  assert.throws(() => privateKeys(keyFile(small)), expectedError("KEY_INVALID", /1024 bits/));
});

test("faults/38: an RSA exponent that protects nothing is refused", () => {
  for (const e of ["AQ", "Ag", "AQAC"]) {
    assert.throws(
      () => publicKeys(keyFile(jwkFile(rsa.publicKey, { e }))),
      expectedError("KEY_INVALID", /exponent that protects nothing/),
    );
  }
});

test("faults/38: what is no such key is named, with the way to one where there is a way", () => {
  const cases: readonly [string | Uint8Array, RegExp, RegExp?][] = [
    [keyFileBytes("bundle.p12"), /a PKCS#12 bundle/, /openssl pkcs12/],
    [keyFileBytes("openssh.key"), /an OpenSSH private key/, /ssh-keygen -p/],
    [keyFileBytes("openssh.key.pub"), /an OpenSSH public key/, /ssh-keygen -e/],
    [keyFileBytes("request.pem"), /a certificate request/],
    ["-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n", /an OpenPGP key/],
    [Uint8Array.of(0x95, 0x03, 0xbe, 4), /an OpenPGP key/],
    [Uint8Array.of(0xc5, 0xc0, 0x76, 4), /an OpenPGP key/],
    ["pkcs11:\n  uri: pkcs11:token=t;object=o\nmodule:\n", /a PKCS#11 key file/],
    ["pkcs11:token=t;object=o", /a PKCS#11 URI/],
    ['{"kty":"oct","k":"AAAA"}', /a symmetric JWK/],
    ["-----BEGIN MESSAGE-----\nAAAA\n-----END MESSAGE-----\n", /a PEM block of a kind that is not known/],
    ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", /a damaged PEM block "PRIVATE KEY"/],
    ["-----BEGIN RSA PRIVATE KEY-----\nAAAA\n", /a damaged PEM block "RSA PRIVATE KEY"/],
    ['{"kty":"RSA","n":5}', /a malformed JWK/],
    ['{"kty":"EC","crv":"P-256","x":"!","y":"?"}', /a malformed JWK/],
    ["", /is an empty file/],
    ["{}", /^"given.pem" is not a p/],
    ['{"keys":', /^"given.pem" is not a p/],
    [Buffer.alloc(1024 * 1024 + 1), /1048577 bytes, more than any key has/],
  ];
  for (const [value, message, hint] of cases) {
    assert.throws(() => publicKeys(keyFile(value)), expectedError("KEY_INVALID", message, hint));
    assert.throws(() => privateKeys(keyFile(value)), expectedError("KEY_INVALID", message, hint));
  }
});

test("faults/38: a key with its end cut off is a damaged one, whatever its form", () => {
  for (const [form, [value]] of [...publicForms, ...privateForms]) {
    if (typeof value === "string") continue;
    const cut = keyFile(value.subarray(0, -7));
    assert.throws(() => publicKeys(cut), expectedError("KEY_INVALID"), form);
    assert.throws(() => privateKeys(cut), expectedError("KEY_INVALID"), form);
  }
  const multiPrime = jwkFile(rsa.privateKey, { oth: [] });
  assert.throws(() => privateKeys(keyFile(multiPrime)), expectedError("KEY_INVALID", /malformed JWK/));
});

test("faults/39: a missing, a wrong and an overlong passphrase are told apart; an empty one is a passphrase", () => {
  for (const [form, [value, , encrypted]] of privateForms) {
    if (!encrypted) continue;
    assert.throws(
      () => privateKeys(keyFile(value)),
      expectedError("KEY_INVALID", /no passphrase was given/, /FILE:file=/),
      form,
    );
    for (const wrong of ["", "hunter3", "hunter2\n", "x".repeat(1024)]) {
      assert.throws(
        () => privateKeys(keyFile(value, wrong)),
        expectedError("KEY_INVALID", /passphrase .* is wrong/),
        form,
      );
    }
    assert.throws(
      () => privateKeys(keyFile(value, "x".repeat(1025))),
      expectedError("KEY_INVALID", /longer than 1024 bytes/),
      form,
    );
  }
  assert.throws(
    () => privateKeys(keyFile(keyFileBytes("empty-passphrase.pem"))),
    expectedError("KEY_INVALID", /no passphrase was given/),
  );
});

test("faults/39: a passphrase is bytes: one with a line end, a zero or no valid UTF-8 opens what it locked", () => {
  for (const passphrase of [Buffer.from("two\nlines\n"), Buffer.from("zero\0zero"), Buffer.from([0xff, 0xfe, 0x80])]) {
    const locked = ec.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase });
    assertSameKey(privateKeys(keyFile(locked, passphrase)), ec.privateKey);
  }
});

test("faults/39: wrong passphrases that happen to unpad are still wrong passphrases", () => {
  const locked = ec.privateKey.export({ type: "sec1", format: "pem", ...cipher });
  for (let i = 0; i < 500; i++) {
    assert.throws(
      () => privateKeys(keyFile(locked, `wrong ${i}`)),
      expectedError("KEY_INVALID", /passphrase .* is wrong/),
    );
  }
});

test("faults/39: a cipher that OpenSSL gave up is not called a wrong passphrase", () => {
  assert.throws(
    () => privateKeys(keyFile(keyFileBytes("obsolete-cipher.pem"), "hunter2")),
    expectedError("KEY_INVALID", /cipher that OpenSSL no longer offers/, /openssl pkcs8/),
  );
});

test("faults/45: no error about a key repeats its content or its passphrase", () => {
  const secrets = ["hunter2secret", ec.privateKey.export({ format: "jwk" }).d ?? "none"];
  const files = [
    keyFile(ec.privateKey.export({ type: "pkcs8", format: "pem", ...cipher }), "hunter2secret"),
    keyFile(jwkFile(ec.privateKey, { x: "AAAA" }), "hunter2secret"),
    keyFile(`${jwkFile(ec.privateKey)}}`, "hunter2secret"),
    keyFile(jwkFile(ec.privateKey, { crv: ec.privateKey.export({ format: "jwk" }).d })),
  ];
  for (const given of files) {
    assert.throws(
      () => privateKeys(given),
      (error: unknown) => {
        assert.ok(error instanceof OciEncError);
        const told = [error.message, error.hint, error.stack, JSON.stringify(error.context), String(error.cause)].join(
          " ",
        );
        return secrets.every((secret) => !told.includes(secret));
      },
    );
  }
});
