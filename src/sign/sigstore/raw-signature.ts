import { type KeyObject, verify } from "node:crypto";
import { isBase64 } from "../../bytes/base64.js";
import { OciEncError } from "../../errors.js";
import { signatureAnnotation } from "../simple-signing/payload.js";
import { keyKindOf } from "./key-kind.js";

/**
 * Whether `signature` over `bytes` is by the holder of `key`: ECDSA in DER or as raw `r‖s`, over SHA-256 whatever the curve,
 * as cosign and skopeo have it; RSA as PKCS#1 v1.5; Ed25519 plain. Bytes after the end of a DER signature make it invalid.
 */
function isSignedBy(bytes: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  const kind = keyKindOf(key);
  if (!kind) return false;
  if (kind.hash === undefined) return verify(null, bytes, key, signature);
  const encodings: readonly ("der" | "ieee-p1363")[] =
    signature.length === (kind.coordinate ?? 0) * 2 ? ["der", "ieee-p1363"] : ["der"];
  return encodings.some((dsaEncoding) => verify(kind.hash, bytes, { key, dsaEncoding }, signature));
}

/** The one of `keys` that made `signature` over `bytes`. UNTRUSTED when none did. */
export function signerOf(bytes: Uint8Array, signature: Uint8Array, keys: readonly KeyObject[]): KeyObject {
  const key = keys.find((one) => isSignedBy(bytes, signature, one));
  if (key) return key;
  const prehashed = keys.some(({ asymmetricKeyType }) => asymmetricKeyType === "ed25519")
    ? "; Ed25519ph, with which cosign 3 signs, is not supported"
    : "";
  throw new OciEncError("UNTRUSTED", `it is by no trusted key, or its content was changed${prehashed}`);
}

/** Base64 in which line breaks occur. CORRUPT when it is not base64. */
export function decodedSignature(text: string | undefined): Uint8Array {
  if (text === undefined)
    throw new OciEncError("CORRUPT", `it has no annotation ${JSON.stringify(signatureAnnotation)}`);
  const base64 = text.replaceAll(/[\r\n]/g, "");
  if (base64 === "" || !isBase64(base64)) throw new OciEncError("CORRUPT", "its signature is not base64");
  return Buffer.from(base64, "base64");
}
