import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ImageName } from "../oci/image-name.js";
import type { SignatureFormat } from "../oci/signature-formats.js";

export type { SignatureFormat } from "../oci/signature-formats.js";

/** One signature as it is kept. It has not been checked yet: no byte of it is to be believed. */
export interface Signature {
  readonly format: SignatureFormat;
  /** The manifest beside which it was found, or is to be kept. */
  readonly subject: Digest;
  /** `sig`: the payload; `bundle`: the bundle; `jws`, `cose`: the envelope; `gpg`: the message. */
  readonly content: Uint8Array;
  /** Of the layer that is the content; for `sig` the signature is one of them. Of a referrer: the manifest's, too. */
  readonly annotations: Readonly<Record<string, string>>;
  /** For people: where it was found, `referrer sha256:…`. Empty for one that is not kept yet. */
  readonly where: string;
  /** The manifest that refers to the subject and holds it. Undefined: it is kept in another way, or not yet. */
  readonly referrer?: Digest | undefined;
}

/** What a signature has to be about. */
export interface SignedImage {
  /** Of the manifest at hand: media type, digest and size are compared where a format signs them. */
  readonly descriptor: Descriptor;
  /** The name by which the image was asked for. Undefined: it has none, as in a directory. */
  readonly identity: ImageName | undefined;
}

/** What a verifier makes of one signature. */
export type SignatureVerdict = Accepted | Refused;

/** A good signature of that manifest by a trusted key. Names, claims and times in it are the signer's word. */
export interface Accepted {
  readonly verdict: "accepted";
  /** Who: `sigstore key SHA256:…`, `gpg FINGERPRINT`, `x509 CN=…`. */
  readonly signer: string;
  /** The docker reference that the signature claims, as it is written there. Undefined: its format has none. */
  readonly identity: string | undefined;
  /** What else the signer claims: `-a` of cosign, user metadata of notation. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signedAt: Date | undefined;
  /** Why the signer is not trusted, where the rules excuse that: the signature does not make the image a signed one. */
  readonly unproven?: string | undefined;
  /** What a person should know all the same: "the key has no expiry", "certificate expired, only logged". */
  readonly notes: readonly string[];
}

/** Not a good signature, or not one by a trusted key. */
export interface Refused {
  readonly verdict: "refused";
  /** UNTRUSTED: wrong key, digest, time; CORRUPT: malformed; UNSUPPORTED: it needs what oci-enc does not do. */
  readonly code: "UNTRUSTED" | "CORRUPT" | "UNSUPPORTED";
  /** Lower case, no full stop, nothing raw from outside. */
  readonly reason: string;
}
