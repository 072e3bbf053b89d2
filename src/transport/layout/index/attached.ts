import type { ByteStream } from "../../../bytes/byte-stream.js";
import { memoized } from "../../../bytes/memoized.js";
import { verifying } from "../../../bytes/verifying.js";
import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import type { Digest } from "../../../oci/digest.js";
import { parseManifest } from "../../../oci/manifest.js";
import { isIndexType, isManifestType } from "../../../oci/media-type.js";
import { listedReferrer } from "../../../oci/referrer.js";
import { type AttachmentSource, signatureLimits } from "../../attachments.js";
import { type Named, type References, referencesOf } from "../removal/references.js";
import { findDigestTag, isFallbackList, saysAttached, subjectOfName } from "./attachment-entry.js";
import { messageOf } from "./gpg-referrer.js";
import type { IndexEntry } from "./index-json.js";
import type { ImageSelector } from "./locator.js";

/** A layout or an archive of one, as far as attachments are concerned. */
export interface LayoutContent {
  readonly entries: readonly IndexEntry[];
  /** Whole and checked, as with a source. */
  manifest(descriptor: Descriptor): Promise<Uint8Array>;
  blob(descriptor: Descriptor): ByteStream;
  /** What a manifest names, where that may be known without reading it. Default: as it is read. */
  readonly references?: (descriptor: Named) => Promise<References>;
}

/** An entry that belongs to an image, or one manifest of an entry that lists several. */
export interface AttachedEntry {
  readonly entry: IndexEntry;
  /** Undefined: it does not say to which. */
  readonly subject: Digest | undefined;
  /** The manifest that refers to the subject. Undefined: it is none, or none that can be read. */
  readonly manifest: Descriptor | undefined;
}

/**
 * The entries that belong to images. Those without a name are read, since not every writer says in `index.json` what they
 * are: oras lists referrers so, and regclient in an index named as their fallback tag. What cannot be read belongs to
 * nothing that anybody could know. `signing-and-policy.md` 5.2.
 */
export async function readAttached(content: ListedContent): Promise<readonly AttachedEntry[]> {
  const attached: AttachedEntry[] = [];
  for (const entry of content.entries) {
    const named = subjectOfName(entry.name);
    if (named) attached.push({ entry, ...nothing, subject: named });
    else if (entry.name === undefined || saysAttached(entry)) {
      const found = await referrersIn(content, entry);
      attached.push(...(found.length === 0 && saysAttached(entry) ? [{ entry, ...nothing }] : found));
    }
  }
  return attached;
}

/**
 * The entries among which a selector picks: where it names none, what belongs to the only image does not count, however it
 * is listed.
 */
export async function candidateEntries(
  content: ListedContent,
  { names, digest }: ImageSelector,
): Promise<readonly IndexEntry[]> {
  const { entries } = content;
  if (names.length > 0 || digest || entries.length < 2) return entries;
  const attached = new Set((await readAttached(content)).map(({ entry }) => entry));
  return entries.filter((entry) => !attached.has(entry));
}

/** The attachments of all images that a layout lists. Its entries are looked at once, at the first question. */
export function attachmentsIn(content: LayoutContent): AttachmentSource {
  const entries = memoized(() => readAttached(content));
  const about = async (subject: Digest) => {
    const found = (await entries()).flatMap((attached) =>
      attached.subject === subject ? (attached.manifest ?? []) : [],
    );
    const referrers: Referrer[] = [];
    for (const one of new Map(found.map((each) => [each.digest, each])).values()) {
      const referrer = await readReferrer(content, one);
      if (referrer) referrers.push(referrer);
    }
    return referrers;
  };
  return {
    async referrers(subject, artifactType) {
      const all = (await about(subject)).flatMap(({ referrer, message }) => (message ? [] : [referrer]));
      return artifactType === undefined ? all : all.filter((referrer) => referrer.artifactType === artifactType);
    },
    async digestTag(subject, kind) {
      const found = findDigestTag(content.entries, subject, kind)?.descriptor;
      return found && { mediaType: found.mediaType, digest: found.digest, size: found.size };
    },
    async simpleSignatures(subject) {
      const found = (await about(subject)).flatMap(({ message }) => message ?? []);
      const layers = [...new Map(found.map((layer) => [layer.digest, layer])).values()];
      const messages: Uint8Array[] = [];
      for (const layer of layers.slice(0, signatureLimits.count)) messages.push(await readMessage(content, layer));
      return messages;
    },
  };
}

/** What is listed where, without the content of blobs. */
type ListedContent = Omit<LayoutContent, "blob">;

const nothing = { subject: undefined, manifest: undefined };

async function referrersIn(content: ListedContent, entry: IndexEntry): Promise<AttachedEntry[]> {
  const listed = isFallbackList(entry) ? (await named(content, entry.descriptor))?.manifests : undefined;
  const found: AttachedEntry[] = [];
  for (const manifest of listed ?? [entry.descriptor]) {
    const subject = (await named(content, manifest))?.subject?.digest;
    if (subject !== undefined) found.push({ entry, subject, manifest });
  }
  return found;
}

/** Undefined, too, for what is not a manifest. */
async function named(content: ListedContent, descriptor: Named): Promise<References | undefined> {
  if (!isManifestType(descriptor.mediaType) && !isIndexType(descriptor.mediaType)) return undefined;
  const { references = async () => referencesOf(await content.manifest(descriptor), descriptor) } = content;
  return await readable(() => references(descriptor));
}

interface Referrer {
  /** How it is listed among the referrers of its subject. */
  readonly referrer: Descriptor;
  /** The layer that is a simple-signing message. Undefined: it holds none. */
  readonly message: Descriptor | undefined;
}

async function readReferrer(content: ListedContent, descriptor: Descriptor): Promise<Referrer | undefined> {
  return await readable(async () => {
    const view = parseManifest(await content.manifest(descriptor), descriptor.mediaType);
    const message = view.kind === "manifest" ? messageOf(view) : undefined;
    return { referrer: listedReferrer(descriptor, view), message };
  });
}

/** Undefined: it is not there, or damaged. */
async function readable<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OciEncError && ["NOT_FOUND", "CORRUPT", "UNSUPPORTED"].includes(error.code)) return undefined;
    throw error;
  }
}

async function readMessage(content: LayoutContent, layer: Descriptor): Promise<Uint8Array> {
  if (layer.size > signatureLimits.bytes) {
    throw new OciEncError("CORRUPT", `the signature ${layer.digest} has ${layer.size} bytes`, {
      hint: `signatures have at most ${signatureLimits.bytes}`,
    });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifying(content.blob(layer), layer)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
