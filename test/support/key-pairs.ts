import { generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import type { DecryptionKey, EncryptionKey } from "../../src/crypt/key-wrapper.js";

/** Both halves of one recipient's key, as the library takes them. */
export interface KeyPair {
  readonly encryption: EncryptionKey;
  readonly decryption: DecryptionKey;
  readonly publicPem: string;
  readonly privatePem: string;
}

/** A fresh P-256 key pair for `jwe`. */
export function ecKeyPair(origin = "ec"): KeyPair {
  return pair(generateKeyPairSync("ec", { namedCurve: "P-256" }), origin);
}

/** A fresh RSA-2048 key pair for `jwe`. */
export function rsaKeyPair(origin = "rsa"): KeyPair {
  return pair(generateKeyPairSync("rsa", { modulusLength: 2048 }), origin);
}

function pair({ publicKey, privateKey }: KeyPairKeyObjectResult, origin: string): KeyPair {
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const privatePem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return {
    encryption: { scheme: "jwe", value: Buffer.from(publicPem), origin: `${origin}.pub.pem` },
    decryption: { scheme: undefined, value: Buffer.from(privatePem), passphrase: undefined, origin: `${origin}.pem` },
    publicPem,
    privatePem,
  };
}
