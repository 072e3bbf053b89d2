import type { Signature, SignatureFormat, SignatureVerdict, SignedImage } from "./signature.js";

/** Checks signatures of its formats against keys, certificates or a policy. One folder a kind, one row in `kinds.ts`. */
export interface Verifier {
  /** For people: `sigstore key SHA256:…`, `notary trust policy FILE`. */
  readonly name: string;
  /** Those it can check; it is never given others. */
  readonly formats: readonly SignatureFormat[];
  /**
   * Checks one signature as of `now`: the signature over the exact bytes first, their meaning after. What is wrong with the
   * signature is in the answer; throws only what keeps it from being checked.
   */
  verify(signature: Signature, image: SignedImage, now: Date): Promise<SignatureVerdict>;
}
