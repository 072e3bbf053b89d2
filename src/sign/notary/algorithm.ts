import { constants, type KeyObject, sign, type VerifyKeyObjectInput, verify } from "node:crypto";

/** A signature algorithm of Notary Project envelopes; `signing-and-policy.md` 2.2. */
export interface SignatureAlgorithm {
  /** As JWS calls it: `ES256`. */
  readonly name: string;
  /** As COSE numbers it. */
  readonly coseLabel: number;
  readonly hash: "sha256" | "sha384" | "sha512";
  /** The one kind of key that goes with it: an RSA modulus of so many bits, or a curve as Node names it. */
  readonly key: number | string;
}

/** Every algorithm there is. Neither RSA with PKCS#1 v1.5 nor Ed25519, and of course neither `none` nor HMAC. */
export const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  { name: "PS256", coseLabel: -37, hash: "sha256", key: 2048 },
  { name: "PS384", coseLabel: -38, hash: "sha384", key: 3072 },
  { name: "PS512", coseLabel: -39, hash: "sha512", key: 4096 },
  { name: "ES256", coseLabel: -7, hash: "sha256", key: "prime256v1" },
  { name: "ES384", coseLabel: -35, hash: "sha384", key: "secp384r1" },
  { name: "ES512", coseLabel: -36, hash: "sha512", key: "secp521r1" },
];

/** The algorithm that a key decides on. Undefined: no signature by such a key counts. */
export function algorithmOfKey(key: KeyObject): SignatureAlgorithm | undefined {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const kind = key.asymmetricKeyType === "rsa" ? modulusLength : namedCurve;
  return signatureAlgorithms.find((algorithm) => algorithm.key === kind);
}

/** Whether `signature`, in the form that JWS and COSE share, is one of `bytes` by this key. Never throws. */
export function signatureHolds(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return verify(algorithm.hash, bytes, keyInput(algorithm, key), signature);
  } catch {
    return false;
  }
}

/** A signature of `bytes`, in the same form. */
export function signBytes(algorithm: SignatureAlgorithm, key: KeyObject, bytes: Uint8Array): Uint8Array {
  return sign(algorithm.hash, bytes, keyInput(algorithm, key));
}

/** ECDSA as both numbers side by side, PSS with a salt as long as the hash. RFC 7518 section 3.4 and 3.5, RFC 8230. */
function keyInput(algorithm: SignatureAlgorithm, key: KeyObject): VerifyKeyObjectInput {
  return typeof algorithm.key === "string"
    ? { key, dsaEncoding: "ieee-p1363" }
    : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
