import type { KeyObject, X509Certificate } from "node:crypto";

/** A private key that makes signatures, wherever it is kept: a file, a token, behind a command. */
export interface SigningKey {
  /** For people, without secrets. */
  readonly name: string;
  /**
   * Signs the hash of `bytes`: ECDSA in DER, RSA as PKCS#1 v1.5, Ed25519 plain. The answer has been checked against its
   * own public key. KEY_PROVIDER when the token, program or service with the key fails.
   */
  sign(bytes: Uint8Array, request: RawSignRequest): Promise<RawSignature>;
}

/** What goes with the bytes. */
export interface RawSignRequest {
  readonly hash: "sha256" | "sha384" | "sha512";
  /** Media type of what is signed, for whoever is asked to sign it. */
  readonly payloadType: string;
  /** For whoever is asked to sign: the image's name and digest. */
  readonly image: string;
  readonly signal?: AbortSignal | undefined;
}

/** A signature, and whose it is. */
export interface RawSignature {
  readonly signature: Uint8Array;
  readonly publicKey: KeyObject;
  /** Leaf first, where the key has certificates. */
  readonly chain: readonly X509Certificate[] | undefined;
}
