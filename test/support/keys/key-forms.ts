import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { thumbprint } from "../../../src/keys/jwk.js";
import { type KeyFile, readPrivateKeys, readPublicKeys } from "../../../src/keys/key-file.js";
import { ecPair, jwkFile, rsaPair } from "./key-pair.js";

const rsa = rsaPair();
const ec = ecPair();

/** A file of `test/vectors/key-files`. */
export function keyFileBytes(name: string): Buffer {
  return readFileSync(new URL(`../../../../test/vectors/key-files/${name}`, import.meta.url));
}

/** A key file as a scheme is given it. */
export function keyFile(value: string | Uint8Array, passphrase?: string | Uint8Array): KeyFile {
  return {
    value: typeof value === "string" ? Buffer.from(value) : value,
    origin: "given.pem",
    passphrase: passphrase === undefined ? undefined : Buffer.from(passphrase),
  };
}

/** The public keys of a file, none refused. */
export function publicKeys(file: KeyFile): readonly KeyObject[] {
  return readPublicKeys(file, { accept: ({ key }) => key });
}

/** The private keys of a file, none refused. */
export function privateKeys(file: KeyFile): readonly KeyObject[] {
  return readPrivateKeys(file, { accept: ({ key }) => key });
}

/** Fails unless exactly this key was found; either half of it will do. */
export function assertSameKey(found: readonly KeyObject[], expected: KeyObject): void {
  assert.deepEqual(found.map(thumbprint), [thumbprint(expected)]);
}

/** The forms that Node writes of a public key, each with the key that must come out. */
export const publicForms: ReadonlyMap<string, [string | Uint8Array, KeyObject]> = new Map([
  ["SubjectPublicKeyInfo PEM, RSA", [rsa.publicKey.export({ type: "spki", format: "pem" }), rsa.publicKey]],
  ["SubjectPublicKeyInfo PEM, EC", [ec.publicKey.export({ type: "spki", format: "pem" }), ec.publicKey]],
  ["SubjectPublicKeyInfo DER, RSA", [rsa.publicKey.export({ type: "spki", format: "der" }), rsa.publicKey]],
  ["SubjectPublicKeyInfo DER, EC", [ec.publicKey.export({ type: "spki", format: "der" }), ec.publicKey]],
  ["PKCS#1 PEM", [rsa.publicKey.export({ type: "pkcs1", format: "pem" }), rsa.publicKey]],
  ["PKCS#1 DER", [rsa.publicKey.export({ type: "pkcs1", format: "der" }), rsa.publicKey]],
  ["JWK, RSA", [jwkFile(rsa.publicKey), rsa.publicKey]],
  ["JWK, EC", [jwkFile(ec.publicKey), ec.publicKey]],
  ["JWK set", [`{"keys":[${jwkFile(ec.publicKey)}]}`, ec.publicKey]],
]);

const cipher = { cipher: "aes-256-cbc", passphrase: "hunter2" };

/** The same of a private key, and whether it is encrypted; the passphrase is `hunter2`. */
export const privateForms: ReadonlyMap<string, [string | Uint8Array, KeyObject, boolean]> = new Map([
  ["PKCS#8 PEM, RSA", [rsa.privateKey.export({ type: "pkcs8", format: "pem" }), rsa.privateKey, false]],
  ["PKCS#8 PEM, EC", [ec.privateKey.export({ type: "pkcs8", format: "pem" }), ec.privateKey, false]],
  ["PKCS#8 DER", [ec.privateKey.export({ type: "pkcs8", format: "der" }), ec.privateKey, false]],
  ["PKCS#8 PEM, encrypted", [ec.privateKey.export({ type: "pkcs8", format: "pem", ...cipher }), ec.privateKey, true]],
  ["PKCS#8 DER, encrypted", [ec.privateKey.export({ type: "pkcs8", format: "der", ...cipher }), ec.privateKey, true]],
  ["PKCS#1 PEM", [rsa.privateKey.export({ type: "pkcs1", format: "pem" }), rsa.privateKey, false]],
  ["PKCS#1 DER", [rsa.privateKey.export({ type: "pkcs1", format: "der" }), rsa.privateKey, false]],
  ["PKCS#1 PEM, encrypted", [rsa.privateKey.export({ type: "pkcs1", format: "pem", ...cipher }), rsa.privateKey, true]],
  ["SEC1 PEM", [ec.privateKey.export({ type: "sec1", format: "pem" }), ec.privateKey, false]],
  ["SEC1 DER", [ec.privateKey.export({ type: "sec1", format: "der" }), ec.privateKey, false]],
  ["SEC1 PEM, encrypted", [ec.privateKey.export({ type: "sec1", format: "pem", ...cipher }), ec.privateKey, true]],
  ["JWK, RSA", [jwkFile(rsa.privateKey), rsa.privateKey, false]],
  ["JWK, EC", [jwkFile(ec.privateKey), ec.privateKey, false]],
  ["JWK set", [`{"keys":[${jwkFile(ec.privateKey)}]}`, ec.privateKey, false]],
]);
