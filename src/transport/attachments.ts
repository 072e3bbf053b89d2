import type { AttachedManifest } from "../oci/attached-manifest.js";
import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf } from "../oci/digest.js";
import type { ImageSource, ImageTarget } from "./transport.js";

export type { AttachedManifest } from "../oci/attached-manifest.js";

/**
 * What belongs to a manifest and is not a part of it: manifests that name it as their subject, those under its digest tags,
 * and OpenPGP signatures, which no registry keeps as content. `signing-and-policy.md` 5.2.
 */
export interface AttachmentSource {
  /**
   * Finds out where attachments are kept, as far as a file on this machine says so. CORRUPT when such a file is malformed,
   * NOT_FOUND when one that was named is not there: neither is a fault of what is attached.
   */
  readPlaces?(): Promise<void>;
  /** Descriptors of the manifests whose `subject` is `subject`; `artifactType` picks among them. Empty when there is none. */
  referrers(subject: Digest, artifactType?: string): Promise<readonly Descriptor[]>;
  /**
   * The manifest under a digest tag. Undefined: there is none. CORRUPT or UNSUPPORTED when something else is there. Its bytes
   * and blobs are read as any others of the source.
   */
  digestTag(subject: Digest, kind: DigestTagKind): Promise<Descriptor | undefined>;
  /** Simple-signing messages, each as it is stored, in their order; not verified. Empty when there is none. */
  simpleSignatures(subject: Digest): Promise<readonly Uint8Array[]>;
}

/**
 * A target that keeps attachments. Their blobs come by `put` before; all of them become visible in `commit`: after the
 * image's own manifests, and before its reference moves. What is there already is added to, never replaced.
 */
export interface AttachmentTarget {
  /** Whether it has a place for what is not a simple signature. Absent: for everything. */
  takes?(kind: "referrer" | DigestTagKind): boolean;
  /** A manifest that names `subject`. `referrer` has the artifact type and annotations under which it is to be listed. */
  putReferrer(subject: Digest, referrer: Descriptor, bytes: Uint8Array): Promise<void>;
  /** A manifest for a digest tag, its layers being united with those that are there. */
  putDigestTag(subject: Digest, kind: DigestTagKind, attached: AttachedManifest): Promise<void>;
  /** One more simple-signing message; nothing when it is there already. */
  addSimpleSignature(subject: Digest, signature: Uint8Array): Promise<void>;
}

/** cosign's: signatures, attestations, lists of contents. */
export type DigestTagKind = "sig" | "att" | "sbom";

/** Every kind, in the order in which they are carried. */
export const digestTagKinds: readonly DigestTagKind[] = ["sig", "att", "sbom"];

/** The tag of cosign's convention: `sha256-HEX.sig`. */
export function digestTagName(subject: Digest, kind: DigestTagKind): string {
  return `${algorithmOf(subject)}-${hexOf(subject)}.${kind}`;
}

/** What the place of `source` knows of attachments; undefined: it cannot have any. */
export function attachmentsOf(source: ImageSource): (ImageSource & AttachmentSource) | undefined {
  return "digestTag" in source ? (source as ImageSource & AttachmentSource) : undefined;
}

/** The same target, if it keeps attachments. */
export function attachable(target: ImageTarget): (ImageTarget & AttachmentTarget) | undefined {
  return "putDigestTag" in target ? (target as ImageTarget & AttachmentTarget) : undefined;
}

/** Simple signatures of one manifest, and bytes of one: a place that has more is refused. `signing-and-policy.md` 3.2. */
export const signatureLimits: { readonly count: number; readonly bytes: number } = {
  count: 128,
  bytes: 4 * 1024 * 1024,
};
