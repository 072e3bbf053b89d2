import type { Digest } from "../oci/digest.js";
import type { ImageName } from "../oci/image-name.js";
import type { Signature, SignatureFormat, SignedImage } from "./signature.js";

/** Makes signatures, in the formats that its kind of key has. One folder a kind, one row in `kinds.ts`. */
export interface Signer {
  /** For people, without secrets: `sigstore key SHA256:…`. */
  readonly name: string;
  /** Those it can make. */
  readonly formats: readonly SignatureFormat[];
  /** Those of {@link formats} that are made when no format is asked for. */
  readonly usual: readonly SignatureFormat[];
  /**
   * One signature. Throws KEY_PROVIDER when the token, program or service with the key fails, UNSUPPORTED for a format that is
   * not one of its own, or for a claim or expiry that the format cannot hold.
   */
  sign(request: SignRequest): Promise<Signature>;
  /** Whether `existing`, found beside the same manifest, is by this key and says the same: then no other one is made. */
  repeats(existing: Signature, request: SignRequest): Promise<boolean>;
}

/** What is to be signed, and what is to be claimed about it. */
export interface SignRequest {
  readonly format: SignatureFormat;
  readonly image: SignedImage;
  /** The name to put into formats that have one. Undefined: the image's own. */
  readonly identity?: ImageName | undefined;
  readonly claims: Readonly<Record<string, string>>;
  /** When the signature expires; only Notary's formats have that. */
  readonly expiresAt?: Date | undefined;
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
}

/** What one signature became. */
export interface SignedArtifact {
  readonly subject: Digest;
  readonly format: SignatureFormat;
  readonly signer: string;
  /** Of the referrer that holds it, or of the payload or message itself, as what holds those is shared with others. */
  readonly digest: Digest;
  /** It was there already. */
  readonly repeated: boolean;
}
