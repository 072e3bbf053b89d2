import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { DecryptionKey, EncryptionKey } from "../../../src/crypt/key-wrapper.js";

/** Both halves of a key. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const made = new Map<string, KeyPair>();

/** An RSA key pair. Making one takes long, so each size and name is made once per test process. */
export function rsaPair(modulusLength = 2048, name = "one"): KeyPair {
  return remembered(`rsa ${modulusLength} ${name}`, () => copied(generateKeyPairSync("rsa", { modulusLength })));
}

/** An elliptic curve key pair, made once per curve and name. */
export function ecPair(namedCurve = "P-256", name = "one"): KeyPair {
  return remembered(`ec ${namedCurve} ${name}`, () => copied(generateKeyPairSync("ec", { namedCurve })));
}

/** See src/keys/new-key-pair.ts: a key that Node has made must not be exported as a JWK while what made it is freed. */
function copied({ privateKey }: KeyPair): KeyPair {
  const copy = createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" }));
  return { privateKey: copy, publicKey: createPublicKey(copy) };
}

/** A public key file for the scheme jwe: SubjectPublicKeyInfo, unless the content is given. */
export function encryptionKey(key: KeyObject | string | Uint8Array, origin = "recipient.pub.pem"): EncryptionKey {
  return { scheme: "jwe", value: content(key), origin };
}

/** A JWK file. */
export function jwkFile(key: KeyObject, members: object = {}): string {
  return JSON.stringify({ ...key.export({ format: "jwk" }), ...members });
}

/** A private key file: PKCS#8, unless the content is given. */
export function decryptionKey(
  key: KeyObject | string | Uint8Array,
  options: { readonly passphrase?: string; readonly scheme?: string; readonly origin?: string } = {},
): DecryptionKey {
  return {
    scheme: options.scheme,
    value: content(key),
    passphrase: options.passphrase === undefined ? undefined : Buffer.from(options.passphrase),
    origin: options.origin ?? "recipient.pem",
  };
}

function content(key: KeyObject | string | Uint8Array): Uint8Array {
  if (typeof key === "string") return Buffer.from(key);
  if (key instanceof Uint8Array) return key;
  const type = key.type === "private" ? "pkcs8" : "spki";
  return Buffer.from(key.export({ type, format: "pem" }));
}

function remembered(id: string, make: () => KeyPair): KeyPair {
  const pair = made.get(id) ?? make();
  made.set(id, pair);
  return pair;
}
