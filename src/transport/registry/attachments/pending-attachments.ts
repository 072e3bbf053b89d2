import { verifying } from "../../../bytes/verifying.js";
import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import { type Digest, digestOf } from "../../../oci/digest.js";
import { parseManifest } from "../../../oci/manifest.js";
import { mergeSignatureManifests } from "../../../oci/merge-signature-manifest.js";
import { type AttachedManifest, type DigestTagKind, digestTagName } from "../../attachments.js";
import { streamBlob } from "../blobs/blob-stream.js";
import { hasBlob } from "../blobs/blobs.js";
import { uploadBlob } from "../blobs/upload.js";
import type { RegistryClient } from "../client.js";
import { type ManifestStored, storeManifest } from "../manifest-store.js";
import { addToTags, allSettledOrThrow, type SharedTag } from "./add-to-tag.js";
import type { AttachmentStores } from "./attachment-stores.js";
import { sharedDigestTag } from "./digest-tags.js";
import { hasReferrersApi } from "./list-referrers.js";
import { sharedReferrersTag } from "./referrers-tag.js";

/** Bytes of manifests and signatures that wait for the commit. */
const pendingLimit = 256 * 1024 * 1024;

interface PendingReferrer {
  readonly subject: Digest;
  readonly referrer: Descriptor;
  readonly bytes: Uint8Array;
}

/**
 * What is to become visible together with an image: kept here until its commit. First `stage`, which stores manifests by
 * their digests; then the image by its digest; then `publish`, which makes tags and lists name them; then the image's tag.
 * `signing-and-policy.md` 5.2.
 */
export class RegistryAttachments {
  readonly #client: RegistryClient;
  readonly #places: AttachmentStores;
  readonly #referrers = new Map<Digest, PendingReferrer>();
  /** What the registry does not list by itself, by subject. */
  readonly #unlisted = new Map<Digest, Map<Digest, Descriptor>>();
  readonly #tagged = new Map<string, AttachedManifest>();
  readonly #signatures: { readonly subject: Digest; readonly signature: Uint8Array }[] = [];
  #size = 0;
  #hasApi: Promise<boolean> | undefined;

  constructor(client: RegistryClient, places: AttachmentStores) {
    this.#client = client;
    this.#places = places;
  }

  get isEmpty(): boolean {
    return this.#referrers.size + this.#unlisted.size + this.#tagged.size + this.#signatures.length === 0;
  }

  /** UNSUPPORTED when more is pending than one image can have. */
  addReferrer(subject: Digest, referrer: Descriptor, bytes: Uint8Array): void {
    if (this.#referrers.has(referrer.digest)) return;
    this.#count(bytes);
    this.#referrers.set(referrer.digest, { subject, referrer, bytes });
  }

  /** UNSUPPORTED also where registries.d says that signatures are not to be kept so. */
  async addDigestTag(subject: Digest, kind: DigestTagKind, attached: AttachedManifest): Promise<void> {
    if (kind === "sig" && (await this.#places.attachments()) === false) {
      const name = JSON.stringify(`${this.#client.host}/${this.#client.repository}`);
      throw new OciEncError("UNSUPPORTED", `registries.d has use-sigstore-attachments: false for ${name}`, {
        hint: "change it there, or leave out the signatures",
      });
    }
    this.#count(attached.bytes);
    const tag = digestTagName(subject, kind);
    const before = this.#tagged.get(tag);
    this.#tagged.set(tag, before ? united(before, attached) : attached);
  }

  addSignature(subject: Digest, signature: Uint8Array): void {
    this.#count(signature);
    this.#signatures.push({ subject, signature });
  }

  /** Whether the registry lists by itself what it has stored: it has to say so, and to have lists at all. */
  async isListed(subject: Digest, stored: ManifestStored): Promise<boolean> {
    if (stored.subject !== subject) return false;
    this.#hasApi ??= hasReferrersApi(this.#client, subject);
    return await this.#hasApi;
  }

  /** A manifest that is stored, and that the registry does not list among its subject's referrers. */
  addUnlisted(subject: Digest, referrer: Descriptor): void {
    const known = this.#unlisted.get(subject) ?? new Map<Digest, Descriptor>();
    this.#unlisted.set(subject, known.set(referrer.digest, referrer));
  }

  /** Stores what has a digest of its own, and finds out whether the rest can follow. CONFLICT, before the image shows, when not. */
  async stage(): Promise<void> {
    if (this.#signatures.length > 0) (await this.#places.signatures()).requireWritable();
    const stored = await allSettledOrThrow(
      [...this.#referrers.values()].map((pending) => this.#storeReferrer(pending)),
    );
    for (const { subject, referrer, isListed } of stored) if (!isListed) this.addUnlisted(subject, referrer);
    this.#referrers.clear();
    await allSettledOrThrow([...this.#tagged.values()].map((attached) => this.#carryLayers(attached)));
    await allSettledOrThrow((await this.#digestTags()).map(storeMerged));
    await allSettledOrThrow(this.#fallbackLists().map((shared) => shared.merge()));
  }

  /** Makes everything visible; what is there already stays. CONFLICT when others do not let us. */
  async publish(): Promise<void> {
    const store = this.#signatures.length > 0 ? await this.#places.signatures() : undefined;
    for (const { subject, signature } of this.#signatures) await store?.add(subject, signature);
    await addToTags([...this.#fallbackLists(), ...(await this.#digestTags())]);
    this.#unlisted.clear();
    this.#tagged.clear();
    this.#signatures.length = 0;
    this.#size = 0;
  }

  async #storeReferrer({ subject, referrer, bytes }: PendingReferrer) {
    const stored = await storeManifest(this.#client, { reference: referrer.digest, descriptor: referrer, bytes });
    return { subject, referrer, isListed: await this.isListed(subject, stored) };
  }

  #fallbackLists(): readonly SharedTag[] {
    return [...this.#unlisted].map(([subject, referrers]) =>
      sharedReferrersTag(this.#client, subject, [...referrers.values()]),
    );
  }

  async #digestTags(): Promise<readonly SharedTag[]> {
    if (this.#tagged.size === 0) return [];
    const client = await this.#places.tags();
    return [...this.#tagged].map(([tag, attached]) => sharedDigestTag(client, tag, attached));
  }

  /** The layers were put beside the image; its digest tags may be elsewhere. */
  async #carryLayers({ bytes, descriptor }: AttachedManifest): Promise<void> {
    const to = await this.#places.tags();
    if (to === this.#client) return;
    const view = parseManifest(bytes, descriptor.mediaType);
    for (const layer of view.kind === "manifest" ? view.layers : []) {
      const { digest, size } = layer;
      if (await hasBlob(to, layer)) continue;
      const content = verifying(streamBlob(this.#client, layer), layer);
      await uploadBlob(to, { bytes: content, size, digest, sum: () => ({ digest, size }) });
    }
  }

  #count({ length }: Uint8Array): void {
    this.#size += length;
    if (this.#size <= pendingLimit) return;
    throw new OciEncError("UNSUPPORTED", `an image has more than ${pendingLimit} bytes of signatures and referrers`);
  }
}

/** What two calls gave for one tag. */
function united(before: AttachedManifest, more: AttachedManifest): AttachedManifest {
  const both = mergeSignatureManifests(before, more);
  if (!both) return before;
  const { bytes } = both;
  const descriptor = { mediaType: before.descriptor.mediaType, digest: digestOf(bytes), size: bytes.length };
  return { ...both, descriptor };
}

/** Stores by its digest what is then to be tagged. */
async function storeMerged(shared: SharedTag): Promise<void> {
  const { to } = await shared.merge();
  if (to) await storeManifest(shared.client, { reference: to.descriptor.digest, ...to });
}
