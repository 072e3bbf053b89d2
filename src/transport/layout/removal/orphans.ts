import { OciEncError } from "../../../errors.js";
import type { Digest } from "../../../oci/digest.js";
import { isIndexType, isManifestType } from "../../../oci/media-type.js";
import { readAttached } from "../index/attached.js";
import type { IndexEntry } from "../index/index-json.js";
import { manifestReader } from "./manifest-reader.js";
import { openReferenceBook, type ReferenceBook } from "./reference-book.js";
import type { Named } from "./references.js";

/** A layout's list, and those of its entries that are about to go. */
export interface Leaving {
  readonly entries: readonly IndexEntry[];
  readonly gone: ReadonlySet<IndexEntry>;
}

/**
 * The entries that belong to nothing any more once others are gone: signatures of an image that is named no more, and what
 * refers to those. What belongs to an image that is not there anyway stays; so does what does not say to which it belongs.
 */
export async function orphansOf(layout: string, { entries, gone }: Leaving): Promise<ReadonlySet<IndexEntry>> {
  const book = openReferenceBook(layout);
  const manifest = manifestReader(layout);
  const references = (descriptor: Named) => book.referencesOf(descriptor);
  const attached = (await readAttached({ entries, manifest, references })).filter(({ entry }) => !gone.has(entry));
  const orphans = new Set<IndexEntry>();
  if (attached.length === 0) return orphans;
  const belonging = new Set(attached.map(({ entry }) => entry));
  const kept = await manifestsOf(
    book,
    entries.filter((entry) => !gone.has(entry) && !belonging.has(entry)),
  );
  const lost = [...(await manifestsOf(book, [...gone]))].filter((digest) => !kept.has(digest));
  for (let subject = lost.pop(); subject; subject = lost.pop()) {
    for (const { entry } of attached.filter((one) => one.subject === subject)) {
      if (orphans.has(entry)) continue;
      orphans.add(entry);
      lost.push(entry.descriptor.digest);
    }
  }
  return orphans;
}

/** As far as they can be read. */
async function manifestsOf(book: ReferenceBook, entries: readonly IndexEntry[]): Promise<ReadonlySet<Digest>> {
  const digests = new Set<Digest>();
  const ahead: Named[] = entries.map(({ descriptor }) => descriptor);
  for (let document = ahead.pop(); document; document = ahead.pop()) {
    const isKnown = isManifestType(document.mediaType) || isIndexType(document.mediaType);
    if (!isKnown || digests.has(document.digest)) continue;
    digests.add(document.digest);
    try {
      ahead.push(...(await book.referencesOf(document)).manifests);
    } catch (error) {
      if (!(error instanceof OciEncError)) throw error;
    }
  }
  return digests;
}
