import { readFile } from "node:fs/promises";
import type { DecryptionKey, EncryptionKey } from "oci-enc";

/** A public key that `jwe:` takes. */
export async function publicKey(path: string): Promise<EncryptionKey> {
  return { scheme: "jwe", value: await readFile(path), origin: path };
}

/** A private key that needs no passphrase. */
export async function privateKey(path: string): Promise<DecryptionKey> {
  return { value: await readFile(path), origin: path };
}
