import type { Digest } from "../oci/digest.js";
import type { ImageName } from "../oci/image-name.js";
import type { Signature, SignatureFormat, SignedImage } from "./signature.js";

/** Makes signatures, in the formats that its kind of key has. One folder a kind, one row in `kinds.ts`. */
export interface Signer {
  /** For people, without secrets: `sigstore key SHA256:…`. */
  readonly name: string;
  /** Those it can make; the first ones are what it makes when nobody asks for a format. */
  readonly formats: readonly SignatureFormat[];
  /** Those of {@link formats} that are made when nobody asks. */
  readonly usual: readonly SignatureFormat[];
  /**
   * One signature. Throws KEY_PROVIDER when what holds the key fails, UNSUPPORTED for a format that is none of its own or a
   * request that the format has no place for.
   */
  sign(request: SignRequest): Promise<Signature>;
  /** Whether `existing`, found beside the same manifest, is by this very key and says the same: then nothing is to be made. */
  repeats(existing: Signature, request: SignRequest): Promise<boolean>;
}

/** What is to be signed, and what is to be claimed about it. */
export interface SignRequest {
  readonly format: SignatureFormat;
  readonly image: SignedImage;
  /** The name to put into formats that have one. Undefined: the image's own. */
  readonly identity?: ImageName | undefined;
  readonly claims: Readonly<Record<string, string>>;
  /** When the signature ends to be good; only Notary's formats have it. */
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
