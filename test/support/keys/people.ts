import type { DecryptionKey, EncryptionKey } from "../../../src/crypt/key-wrapper.js";
import { decryptionKey, ecPair, encryptionKey, jwkFile } from "./key-pair.js";

/** Somebody with both halves of a key. */
export interface Person {
  readonly encryption: EncryptionKey;
  readonly decryption: DecryptionKey;
}

/** Somebody with a jwe key whose kid is their name; the same for the same name. */
export function person(name: string): Person {
  const { publicKey, privateKey } = ecPair("P-256", name);
  const jwk = jwkFile(publicKey, { kid: name, alg: "ECDH-ES+A256KW" });
  return {
    encryption: encryptionKey(jwk, `${name}.jwk`),
    decryption: decryptionKey(privateKey, { origin: `${name}.pem` }),
  };
}
