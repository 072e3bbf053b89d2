import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import test from "node:test";
import fc from "fast-check";
import { OciEncError } from "../../../src/errors.js";
import { thumbprint } from "../../../src/keys/jwk.js";
import { holdsKey, needsPassphrase, readPublicKeys } from "../../../src/keys/key-file.js";
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
for (const [form, [value, expected]] of publicForms) {
  test(`a public key is read: ${form}`, () => assertSameKey(publicKeys(keyFile(value)), expected));
}

for (const [form, [value, expected, encrypted]] of privateForms) {
  test(`a private key is read: ${form}`, () => {
    assert.equal(needsPassphrase(keyFile(value).value), encrypted);
    assertSameKey(privateKeys(keyFile(value, encrypted ? "hunter2" : undefined)), expected);
  });
}

test("OpenSSL's own forms are read: parameters first, old and new encryption", () => {
  const [plain] = privateKeys(keyFile(keyFileBytes("ec-with-parameters.pem")));
  assert.ok(plain);
  for (const name of ["legacy-des3.pem", "scrypt.pem"])
    assertSameKey(privateKeys(keyFile(keyFileBytes(name), "hunter2")), plain);
  assertSameKey(privateKeys(keyFile(keyFileBytes("empty-passphrase.pem"), "")), plain);
});

test("a certificate gives its public key, in PEM, in DER and with OpenSSL's trust settings", () => {
  const [expected] = privateKeys(keyFile(keyFileBytes("ec-with-parameters.pem")));
  assert.ok(expected);
  const der = Buffer.from(
    keyFileBytes("certificate.pem")
      .toString()
      .replace(/-----.*-----/g, ""),
    "base64",
  );
  for (const value of [keyFileBytes("certificate.pem"), der, keyFileBytes("trusted.pem")])
    assertSameKey(publicKeys(keyFile(value)), expected);
});

test("of a certificate chain in any order only the recipient's own certificate counts", () => {
  const [expected] = publicKeys(keyFile(keyFileBytes("certificate.pem")));
  assert.ok(expected);
  assertSameKey(publicKeys(keyFile(keyFileBytes("chain-upside-down.pem"))), expected);
});

test("a certificate and its key in one file serve either side", () => {
  const both = keyFile(keyFileBytes("certificate-and-key.pem"));
  const [expected] = publicKeys(keyFile(keyFileBytes("certificate.pem")));
  assert.ok(expected);
  assertSameKey(publicKeys(both), expected);
  assertSameKey(privateKeys(both), expected);
});

test("a PEM file may have text around it, Windows line ends, indentation and a byte order mark", () => {
  const pem = ec.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  for (const text of [
    `Bag Attributes: 0é\n${pem}the end`,
    pem.replaceAll("\n", "\r\n"),
    pem.replace(/^/gm, "  "),
    `\uFEFF${pem}`,
  ]) {
    assertSameKey(privateKeys(keyFile(text)), ec.privateKey);
  }
  assertSameKey(privateKeys(keyFile(`\uFEFF ${jwkFile(ec.privateKey)}\r\n`)), ec.privateKey);
});

test("every key of a file is read, in its order", () => {
  const other = ecPair("P-384");
  const pems = [rsa, ec, other].map(({ publicKey }) => publicKey.export({ type: "spki", format: "pem" })).join("");
  assert.deepEqual(
    publicKeys(keyFile(pems)).map(thumbprint),
    [rsa, ec, other].map(({ publicKey }) => thumbprint(publicKey)),
  );
});

test("what cannot be used in a JWK set is passed over and told; when nothing can be used, the first reason is the error", () => {
  const symmetric = '{"kty":"oct","k":"AAAA"}';
  const small = jwkFile(generateKeyPairSync("rsa", { modulusLength: 512 }).publicKey);
  const ignored: string[] = [];
  const set = keyFile(`{"keys":[${symmetric},5,${small},{"kty":"AKP"},${jwkFile(ec.publicKey)}]}`);
  const keys = readPublicKeys(set, { accept: ({ key }) => key, ignored: ({ message }) => ignored.push(message) });
  assertSameKey(keys, ec.publicKey);
  assert.equal(ignored.length, 4);
  assert.throws(() => publicKeys(keyFile(`{"keys":[${small}]}`)), expectedError("KEY_INVALID", /512 bits/));
  assert.throws(() => publicKeys(keyFile('{"keys":[]}')), expectedError("KEY_INVALID", /is not a public key/));
});

test("a lone certificate and keys of other schemes are left to those schemes", () => {
  for (const name of ["certificate.pem", "openssh.key", "bundle.p12"])
    assert.equal(holdsKey(keyFileBytes(name)), false);
  for (const name of ["certificate-and-key.pem", "scrypt.pem", "dsa.pem"])
    assert.equal(holdsKey(keyFileBytes(name)), true);
  for (const [value] of publicForms.values()) assert.equal(holdsKey(keyFile(value).value), true);
  assert.equal(holdsKey(Buffer.from("-----BEGIN PRIVATE KEY-----")), true);
  assert.equal(holdsKey(Buffer.from("nothing")), false);
});

test("any bytes give keys or an OciEncError, never another exception", () => {
  const forms = [...publicForms, ...privateForms].map(([, [value]]) => keyFile(value).value);
  const damaged = fc
    .tuple(fc.constantFrom(...forms), fc.nat(), fc.uint8Array({ maxLength: 6 }))
    .map(([form, at, bytes]) =>
      Buffer.concat([form.subarray(0, at % form.length), bytes, form.subarray((at % form.length) + 3)]),
    );
  const jwk = fc.record({
    kty: fc.constantFrom("RSA", "EC", "OKP", "x"),
    n: fc.anything(),
    e: fc.anything(),
    crv: fc.anything(),
  });
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    damaged,
    jwk.map((value) => Buffer.from(JSON.stringify(value) ?? "")),
    fc.json().map((text) => Buffer.from(`{"keys":[${text}]}`)),
  );
  fc.assert(
    fc.property(anything, fc.option(fc.uint8Array({ maxLength: 8 }), { nil: undefined }), (value, passphrase) => {
      for (const read of [publicKeys, privateKeys]) {
        try {
          for (const key of read(keyFile(value, passphrase)))
            createPublicKey(key.type === "private" ? key : key.export({ type: "spki", format: "pem" }));
        } catch (error) {
          assert.ok(error instanceof OciEncError, `${error}`);
          assert.equal(error.code, "KEY_INVALID");
        }
      }
      assert.equal(typeof holdsKey(value), "boolean");
      assert.equal(typeof needsPassphrase(value), "boolean");
    }),
    { numRuns: 500 },
  );
});
