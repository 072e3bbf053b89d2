import { type KeyObject, verify } from "node:crypto";
import { keyKindOf } from "./key-kind.js";

/**
 * Whether `signature` over `bytes` is by the holder of `key`: ECDSA in DER or as raw `r‖s`, over SHA-256 or the curve's own
 * hash; RSA as PKCS#1 v1.5; Ed25519 plain. Bytes behind the end of a DER signature make it a wrong one.
 */
export function isSignedBy(bytes: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  const kind = keyKindOf(key);
  if (!kind) return false;
  if (kind.hashes.length === 0) return verify(null, bytes, key, signature);
  const encodings: readonly ("der" | "ieee-p1363")[] =
    signature.length === (kind.coordinate ?? 0) * 2 ? ["der", "ieee-p1363"] : ["der"];
  return kind.hashes.some((hash) =>
    encodings.some((dsaEncoding) => verify(hash, bytes, { key, dsaEncoding }, signature)),
  );
}
