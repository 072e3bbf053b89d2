import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import { type Digest, digestOf } from "../../../oci/digest.js";
import { parseManifest } from "../../../oci/manifest.js";
import { mediaTypes } from "../../../oci/media-type.js";
import { type AttachedBytes, mergeSignatureManifests } from "../../../oci/merge-signature-manifest.js";
import { messageType } from "../../../oci/signature-formats.js";
import { type AttachedManifest, type DigestTagKind, digestTagName } from "../../attachments.js";
import { attachmentEntry, findDigestTag } from "./attachment-entry.js";
import { messageReferrer } from "./gpg-referrer.js";
import type { IndexEntry } from "./index-json.js";

/** A layout or an archive at the moment of its commit. */
export interface AttachmentContext {
  /** What it lists so far. */
  readonly before: readonly IndexEntry[];
  readonly root: Descriptor;
  /** Something small that is there, or is about to be, unchecked; undefined when it is not. */
  content(digest: Digest): Promise<Uint8Array | undefined>;
  /** Puts something small beside the image's own blobs. */
  keep(digest: Digest, bytes: Uint8Array): Promise<void>;
}

/**
 * What a target has been given to keep beside the image. It becomes entries of `index.json` at the commit only: another
 * writer may have added to the same attachments until then.
 */
export class LayoutAttachments {
  readonly #referrers: Descriptor[] = [];
  readonly #tags: { readonly subject: Digest; readonly kind: DigestTagKind; readonly attached: AttachedManifest }[] =
    [];
  readonly #messages: { readonly subject: Digest; readonly message: Uint8Array }[] = [];

  /** A referrer whose manifest has been put. */
  addReferrer(referrer: Descriptor): void {
    this.#referrers.push(referrer);
  }

  addDigestTag(subject: Digest, kind: DigestTagKind, attached: AttachedManifest): void {
    this.#tags.push({ subject, kind, attached });
  }

  addMessage(subject: Digest, message: Uint8Array): void {
    this.#messages.push({ subject, message });
  }

  /** Puts what is still to be made, and gives the entries for all of it. Codes of `mergeSignatureManifests`. */
  async entries(place: AttachmentContext): Promise<readonly IndexEntry[]> {
    const entries = this.#referrers.map((referrer) => attachmentEntry(referrer, undefined));
    for (const { subject, message } of this.#messages) entries.push(await messageEntry(place, subject, message));
    for (const { subject, kind, attached } of this.#tags) {
      const known = { ...place, before: [...entries, ...place.before] };
      const united = await unitedTag(known, { subject, kind, attached });
      if (united) entries.unshift(attachmentEntry(united, digestTagName(subject, kind)));
    }
    return entries;
  }
}

async function messageEntry(place: AttachmentContext, subject: Digest, message: Uint8Array): Promise<IndexEntry> {
  const sum = { digest: digestOf(message), size: message.length };
  const { manifest, config } = messageReferrer(await describe(place, subject), sum);
  await place.keep(sum.digest, message);
  await place.keep(digestOf(config), config);
  const digest = digestOf(manifest);
  await place.keep(digest, manifest);
  const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: manifest.length };
  return attachmentEntry({ ...descriptor, artifactType: messageType }, undefined);
}

/** A subject that is not there is described as far as its digest tells: readers compare nothing else. */
async function describe({ root, content }: AttachmentContext, subject: Digest): Promise<Descriptor> {
  if (subject === root.digest) return root;
  const bytes = await content(subject);
  if (!bytes) return { mediaType: mediaTypes.ociManifest, digest: subject, size: 0 };
  return { mediaType: parseManifest(bytes, "").mediaType, digest: subject, size: bytes.length };
}

interface DigestTag {
  readonly subject: Digest;
  readonly kind: DigestTagKind;
  readonly attached: AttachedManifest;
}

/** Undefined: what is there has it all. */
async function unitedTag(place: AttachmentContext, tag: DigestTag): Promise<Descriptor | undefined> {
  const { subject, kind, attached } = tag;
  const there = findDigestTag(place.before, subject, kind);
  if (there?.descriptor.digest === attached.descriptor.digest) return undefined;
  const old = there && (await readTag(place, there.descriptor));
  const united = old ? mergeSignatureManifests(old, attached) : attached;
  if (!united) return undefined;
  const digest = digestOf(united.bytes);
  await place.keep(digestOf(united.config), united.config);
  await place.keep(digest, united.bytes);
  return { mediaType: parseManifest(united.bytes, "").mediaType, digest, size: united.bytes.length };
}

async function readTag({ content }: AttachmentContext, { digest }: Descriptor): Promise<AttachedBytes> {
  const bytes = await content(digest);
  if (!bytes) throw missing(digest);
  const view = parseManifest(bytes, "");
  const config = view.kind === "manifest" ? await content(view.config.digest) : Buffer.from("{}");
  if (!config) throw missing(digest);
  return { bytes, config };
}

function missing(digest: Digest): OciEncError {
  return new OciEncError("CORRUPT", `the signatures ${digest} that are there cannot be read whole`, {
    hint: "remove their entry from index.json if they are not needed",
  });
}
