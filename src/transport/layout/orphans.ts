import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { readAttached } from "./attached.js";
import type { IndexEntry } from "./index-json.js";
import { readManifest, readManifestIfThere } from "./manifest-file.js";
import { walkImage } from "./walk.js";

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
  const manifest = (descriptor: Descriptor) => readManifest(layout, descriptor);
  const attached = (await readAttached({ entries, manifest })).filter(({ entry }) => !gone.has(entry));
  const orphans = new Set<IndexEntry>();
  if (attached.length === 0) return orphans;
  const belonging = new Set(attached.map(({ entry }) => entry));
  const kept = await manifestsOf(
    layout,
    entries.filter((entry) => !gone.has(entry) && !belonging.has(entry)),
  );
  const lost = [...(await manifestsOf(layout, [...gone]))].filter((digest) => !kept.has(digest));
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
async function manifestsOf(layout: string, entries: readonly IndexEntry[]): Promise<ReadonlySet<Digest>> {
  const digests = new Set<Digest>();
  for (const { descriptor: root } of entries) {
    try {
      for await (const { descriptor, role } of walkImage(root, (manifest) => readManifestIfThere(layout, manifest))) {
        if (role === "manifest") digests.add(descriptor.digest);
      }
    } catch (error) {
      if (!(error instanceof OciEncError)) throw error;
    }
  }
  return digests;
}
