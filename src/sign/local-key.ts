import { createPublicKey, type KeyObject, sign, verify, type X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import { OciEncError } from "../errors.js";
import type { SigningKey } from "./signing-key.js";

/** What goes with a private key that is at hand. */
export interface LocalKeyOptions {
  /** For people, without secrets. */
  readonly name: string;
  /** Leaf first, where the key has certificates. */
  readonly chain?: readonly X509Certificate[] | undefined;
}

/** A private key in memory that makes signatures. The caller has made sure that it is of a kind which can. */
export function localKey(privateKey: KeyObject, { name, chain }: LocalKeyOptions): SigningKey {
  const publicKey = createPublicKey(privateKey);
  return {
    name,
    async sign(bytes, { hash }) {
      const algorithm = privateKey.asymmetricKeyType === "ed25519" ? null : hash;
      const signature = await promisify<string | null, Uint8Array, KeyObject, Buffer>(sign)(
        algorithm,
        bytes,
        privateKey,
      );
      // A fault while signing can give the key away to whoever sees the result.
      if (!verify(algorithm, bytes, publicKey, signature)) {
        throw new OciEncError("KEY_PROVIDER", `${name} made a signature that does not hold`);
      }
      return { signature, publicKey, chain };
    },
  };
}
