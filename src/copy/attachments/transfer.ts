import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { type ImageManifest, type ManifestView, manifestLimit } from "../../oci/manifest.js";
import { isSignatureReferrer } from "../../oci/referrer.js";
import type { AttachedManifest, DigestTagKind } from "../../transport/attachments.js";
import type { ImageSource } from "../../transport/transport.js";
import { onSide } from "../plan/error-side.js";
import type { Plan } from "../plan/plan.js";
import { readBlob } from "../plan/read-blob.js";
import { type Part, partsOf } from "../write/transfer.js";

/** Something that belongs to a manifest and is not part of it, as it was found at the source. */
export type Attachment = ReferrerFound | DigestTagFound | MessageFound;

/** A manifest or index that names its subject. */
export interface ReferrerFound {
  readonly kind: "referrer";
  readonly subject: Digest;
  /** As it is to be listed. */
  readonly listed: Descriptor;
  readonly plan: Plan & { readonly view: ManifestView };
}

/** What is under a digest tag. */
export interface DigestTagFound {
  readonly kind: DigestTagKind;
  readonly subject: Digest;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly view: ImageManifest;
}

/** A simple-signing message. */
export interface MessageFound {
  readonly kind: "message";
  readonly subject: Digest;
  readonly message: Uint8Array;
}

/** Whether it holds signatures, and neither attestations nor lists of contents. */
export function isSignature(attachment: Attachment): boolean {
  if (attachment.kind === "referrer") return isSignatureReferrer(attachment.plan.view);
  return attachment.kind === "sig" || attachment.kind === "message";
}

/** `3 signatures and 1 other attachment`. A digest tag holds as many as it has layers. */
export function printCount(attachments: readonly Attachment[]): string {
  const count = (some: readonly Attachment[]) => some.reduce((sum, one) => sum + countIn(one), 0);
  const signatures = count(attachments.filter(isSignature));
  const others = count(attachments.filter((one) => !isSignature(one)));
  const named = [
    ...(signatures > 0 ? [`${signatures} ${signatures === 1 ? "signature" : "signatures"}`] : []),
    ...(others > 0 ? [`${others} other ${others === 1 ? "attachment" : "attachments"}`] : []),
  ];
  return named.join(" and ");
}

/** The blobs of attachments, for the transfer. */
export function attachmentParts(attachments: readonly Attachment[]): readonly Part[] {
  return attachments.flatMap((one): readonly Part[] => {
    if (one.kind === "message") return [];
    if (one.kind !== "referrer") return [{ layers: [], blobs: one.view.layers }];
    return partsOf(one.plan).map(({ layers, blobs }) => ({ layers, blobs }));
  });
}

/** What is under a digest tag, with its config. */
export async function attachedManifest(source: ImageSource, found: DigestTagFound): Promise<AttachedManifest> {
  const { descriptor, bytes, view } = found;
  return { descriptor, bytes, config: await onSide("source", () => readBlob(source, view.config, manifestLimit)) };
}

function countIn(attachment: Attachment): number {
  return attachment.kind === "referrer" || attachment.kind === "message" ? 1 : attachment.view.layers.length;
}
