import { constants, createDecipheriv, type KeyObject, privateDecrypt } from "node:crypto";
import type { JweRecipient } from "./wrapped-key.js";

/** RFC 7518 section 4.3. */
const hashes: ReadonlyMap<string, "sha1" | "sha256"> = new Map([
  ["RSA-OAEP", "sha1"],
  ["RSA-OAEP-256", "sha256"],
]);

/**
 * Decrypts a JWE with an RSA key of less than 2048 bits, which jose refuses and other tools encrypt for: only with A256GCM,
 * which is what they write. Undefined: it does not decrypt.
 */
export function openWithShortRsa({ alg, enc, flattened }: JweRecipient, key: KeyObject): Uint8Array | undefined {
  const oaepHash = hashes.get(alg);
  if (oaepHash === undefined || enc !== "A256GCM") return undefined;
  const bytes = (text: string) => Buffer.from(text, "base64url");
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const contentKey = privateDecrypt({ key, padding, oaepHash }, bytes(flattened.encrypted_key));
    const [nonce, tag] = [bytes(flattened.iv), bytes(flattened.tag)];
    if (nonce.length !== 12 || tag.length !== 16) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", contentKey, nonce);
    contentKey.fill(0);
    const aad = flattened.aad === undefined ? "" : `.${flattened.aad}`;
    decipher.setAAD(Buffer.from(`${flattened.protected ?? ""}${aad}`, "ascii"));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(bytes(flattened.ciphertext)), decipher.final()]);
  } catch {
    // Which step failed is not told apart.
    return undefined;
  }
}
