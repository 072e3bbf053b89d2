import type { Descriptor } from "../../../oci/descriptor.js";
import { type Digest, isDigest } from "../../../oci/digest.js";
import { isIndexType } from "../../../oci/media-type.js";
import { type DigestTagKind, digestTagName } from "../../attachments.js";
import { containerdNameKey, type IndexEntry, nameKey } from "./index-json.js";

/** Where `cosign save` says what an entry is. */
const kindKey = "kind";

/** What it says there. */
const cosignKinds = {
  image: "dev.cosignproject.cosign/image",
  imageIndex: "dev.cosignproject.cosign/imageIndex",
  sig: "dev.cosignproject.cosign/sigs",
  att: "dev.cosignproject.cosign/atts",
} as const;

/**
 * Whether an entry is not an image but belongs to one, as far as it says itself: what its manifest refers to, `readAttached`
 * tells. Those with a name of their own were named on purpose: images, or artifacts.
 */
export function saysAttached(entry: IndexEntry): boolean {
  const { name, descriptor } = entry;
  if (name !== undefined && (digestTagPattern.test(name) || isFallbackList(entry))) return true;
  const kind = descriptor.annotations?.[kindKey];
  if (kind === cosignKinds.sig || kind === cosignKinds.att) return true;
  return name === undefined && descriptor.artifactType !== undefined;
}

/** Whether an entry is a list of referrers, named as the tag of registries without the API is; regclient writes them. */
export function isFallbackList({ name, descriptor }: IndexEntry): boolean {
  return name !== undefined && /^sha(?:256|512)-[0-9a-f]{64}$/.test(name) && isIndexType(descriptor.mediaType);
}

/** The digest that a name in cosign's convention is about; undefined when it is another name. */
export function subjectOfName(name: string | undefined): Digest | undefined {
  const digest = digestTagPattern.exec(name ?? "")?.[1]?.replace("-", ":") ?? "";
  return isDigest(digest) ? digest : undefined;
}

/**
 * The entry for a digest tag: the one of that name; else the one that cosign's annotation points out, where only one image
 * can be meant.
 */
export function findDigestTag(
  entries: readonly IndexEntry[],
  subject: Digest,
  kind: DigestTagKind,
): IndexEntry | undefined {
  const name = digestTagName(subject, kind);
  const named = entries.find((entry) => entry.name === name);
  if (named || kind === "sbom") return named;
  const saved = entries.filter(({ descriptor }) => isSavedImage(descriptor));
  const only = new Set(saved.map(({ descriptor }) => descriptor.digest));
  if (only.size !== 1 || !only.has(subject)) return undefined;
  return entries.find(({ descriptor }) => descriptor.annotations?.[kindKey] === cosignKinds[kind]);
}

/** An entry for an attachment, as it will stand in the file. What would name it otherwise than `name`, and make an image of it, is left out. */
export function attachmentEntry(descriptor: Descriptor, name: string | undefined): IndexEntry {
  const { mediaType, digest, size, artifactType } = descriptor;
  const naming = new Set([nameKey, containerdNameKey, kindKey]);
  const own = Object.entries(descriptor.annotations ?? {}).filter(([key]) => !naming.has(key));
  const all = Object.fromEntries(name === undefined ? own : [...own, [nameKey, name]]);
  const annotations = Object.keys(all).length > 0 ? all : undefined;
  const listed = { mediaType, digest, size, annotations, artifactType };
  return { descriptor: listed, name, text: JSON.stringify(listed) };
}

/** The list with attachments in it: a name is replaced, and what has none is there once. */
export function withAttachments(
  entries: readonly IndexEntry[],
  attached: readonly IndexEntry[],
): readonly IndexEntry[] {
  const all = [...entries];
  for (const fresh of attached) {
    const same = (entry: IndexEntry) =>
      entry.name === fresh.name && (fresh.name !== undefined || entry.descriptor.digest === fresh.descriptor.digest);
    const at = all.findIndex(same);
    if (at < 0) all.push(fresh);
    else if (fresh.name !== undefined && all[at]?.descriptor.digest !== fresh.descriptor.digest) all[at] = fresh;
  }
  return all;
}

const digestTagPattern = /^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})\.(?:sig|att|sbom)$/;

function isSavedImage({ annotations }: Descriptor): boolean {
  const kind = annotations?.[kindKey];
  return kind === cosignKinds.image || kind === cosignKinds.imageIndex;
}
