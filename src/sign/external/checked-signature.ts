import { verify } from "node:crypto";
import { OciEncError } from "../../errors.js";
import type { RawSignature, RawSignRequest } from "../signing-key.js";
import { keyKindOf } from "../sigstore/key-kind.js";

/** What a signature from outside is checked against. */
export interface Asked {
  readonly bytes: Uint8Array;
  readonly hash: RawSignRequest["hash"];
  /** For messages: whose answer it is. */
  readonly who: string;
}

/**
 * The answer itself when it is a good signature of the bytes by its own public key. KEY_PROVIDER otherwise, and for a key
 * that no verifier accepts, or that signs no hash: anything but EC on P-256, P-384 and P-521, and RSA from 2048 bits.
 */
export function checkedSignature(answer: RawSignature, { bytes, hash, who }: Asked): RawSignature {
  // Ed25519 takes the whole of what it signs, and the other side has been given its hash alone.
  if (keyKindOf(answer.publicKey)?.hash === undefined) {
    throw new OciEncError("KEY_PROVIDER", `${who} has a key that cannot be used to sign here`, {
      hint: "what signs a hash is an EC key on P-256, P-384 or P-521, or an RSA key of 2048 bits or more",
    });
  }
  if (verify(hash, bytes, { key: answer.publicKey, dsaEncoding: "der" }, answer.signature)) return answer;
  throw new OciEncError("KEY_PROVIDER", `${who} gave a signature that its own public key does not verify`, {
    hint: "what is signed is the hash itself, not a hash of it; an ECDSA signature is in DER, an RSA signature PKCS#1 v1.5",
  });
}
