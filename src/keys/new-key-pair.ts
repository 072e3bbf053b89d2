import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";

/** Both halves of a new key. */
export interface NewKeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** An RSA key pair, of so many bits. */
export function newRsaPair(modulusLength: number): Promise<NewKeyPair> {
  return making((made) => generateKeyPair("rsa", { modulusLength, ...encodings }, made));
}

/** A key pair on a named curve. */
export function newEcPair(namedCurve: string): Promise<NewKeyPair> {
  return making((made) => generateKeyPair("ec", { namedCurve, ...encodings }, made));
}

const encodings = {
  publicKeyEncoding: { type: "spki", format: "der" },
  privateKeyEncoding: { type: "pkcs8", format: "der" },
} as const;

type Made = (error: Error | null, publicKey: Buffer, privateKey: Buffer) => void;

/**
 * Not the keys that Node made, but others from their bytes: Node 20 waits for ever when it frees what made a key just while that
 * key is exported as a JWK, as both take the same lock.
 */
function making(start: (made: Made) => void): Promise<NewKeyPair> {
  return new Promise((resolve, reject) => {
    start((error, publicKey, privateKey) => {
      if (error) return reject(error);
      const pair = {
        privateKey: createPrivateKey({ key: privateKey, format: "der", type: "pkcs8" }),
        publicKey: createPublicKey({ key: publicKey, format: "der", type: "spki" }),
      };
      privateKey.fill(0);
      resolve(pair);
    });
  });
}
