import { OciEncError, systemCode } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { type IndexEntry, type IndexJson, readIndex, replaceIndex, withEntries } from "../layout/index/index-json.js";
import { shortenIndex } from "../layout/index/shorten-index.js";
import { withLock } from "../layout/lock/lock.js";
import { readManifestIfThere } from "../layout/manifest-file.js";
import { readObsolete, writeObsolete } from "../layout/removal/obsolete-record.js";
import { orphansOf } from "../layout/removal/orphans.js";
import { type Removal, removeUnnamed } from "../layout/removal/removal.js";
import { settleLayout } from "../layout/removal/settle.js";
import { walkImage } from "../layout/removal/walk.js";
import { removalFailure } from "../transport.js";
import { findStore, type StoreOptions } from "./store-directory.js";
import { findInStore, notInStore } from "./store-name.js";

/** What a removal took away. */
export interface ImagesRemoved {
  readonly images: readonly { readonly name: string | undefined; readonly digest: Digest }[];
  /** Blobs that nothing names any more, and those that had to stay all the same. */
  readonly blobs: Removal<Descriptor>;
  /** LOCAL_IO when the system did not let some of them go. */
  readonly failure: OciEncError | undefined;
}

/** What `removeImages` promises. */
export async function removeFromStore(names: readonly string[], options: StoreOptions): Promise<ImagesRemoved> {
  const layout = await findStore(options);
  if (layout === undefined) throw notInStore(names);
  await settleLayout(layout, options);
  return await withLock(
    layout,
    async (lock) => {
      const index = await readIndex(layout);
      const gone = findAll(index, names, layout);
      const left = await orphansOf(layout, { entries: index.entries, gone });
      const entries = index.entries.filter((entry) => !gone.has(entry) && !left.has(entry));
      const candidates = await namedBy(layout, [...gone, ...left]);
      const earlier = await readObsolete(layout);
      const next = withEntries(index, entries);
      const leaving = new Set([...gone, ...left].map(({ text }) => text));
      const remove = () => removeUnnamed(layout, candidates, { lock, earlier, leaving });
      const replace = async () => {
        await writeObsolete(layout, [...earlier, ...candidates.map(({ digest }) => digest)], lock);
        await replaceIndex(layout, next, lock);
      };
      const early = await replace().catch(async (error: unknown) => {
        if (!isFull(error)) throw error;
        if (await shortenIndex(layout, { before: index, after: next }, lock)) return [];
        // Who is killed in between has an image that is damaged, and was to go.
        const { removed } = await remove();
        await replaceIndex(layout, next, lock);
        return removed;
      });
      const later = await remove();
      const blobs = { removed: [...(early ?? []), ...later.removed], kept: later.kept };
      const images = [...gone].map(({ name, descriptor }) => ({ name, digest: descriptor.digest }));
      return { images, blobs, failure: removalFailure(blobs.kept, JSON.stringify(layout)) };
    },
    options,
  );
}

function isFull(error: unknown): boolean {
  return error instanceof OciEncError && ["ENOSPC", "EDQUOT"].includes(systemCode(error.cause) ?? "");
}

function findAll(index: IndexJson, names: readonly string[], layout: string): ReadonlySet<IndexEntry> {
  const found = names.map((name) => ({ name, entry: findInStore(index, name, layout) }));
  const missing = found.filter(({ entry }) => !entry).map(({ name }) => name);
  if (missing.length > 0) throw notInStore(missing);
  return new Set(found.flatMap(({ entry }) => entry ?? []));
}

/** As far as it can be told: a damaged image can be removed too, and leaves to `gc` what it does not say. */
async function namedBy(layout: string, entries: readonly IndexEntry[]): Promise<readonly Descriptor[]> {
  const blobs = new Map<Digest, Descriptor>();
  for (const entry of entries) {
    try {
      for await (const { descriptor, role } of walkImage(entry.descriptor, (blob) =>
        readManifestIfThere(layout, blob),
      )) {
        if (role !== "subject") blobs.set(descriptor.digest, descriptor);
      }
    } catch (error) {
      if (!(error instanceof OciEncError)) throw error;
    }
  }
  return [...blobs.values()];
}
