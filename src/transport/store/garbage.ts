import type { Sum } from "../../oci/descriptor.js";
import { readIndex } from "../layout/index-json.js";
import { reclaimLeases } from "../layout/lease.js";
import { withLock } from "../layout/lock.js";
import { listBlobs, neededFiles, type Removal, removeThose } from "../layout/removal.js";
import { findStore, type StoreOptions } from "./store-directory.js";

/** How to collect. */
export interface GarbageOptions extends StoreOptions {
  /** Say what would be removed, and remove nothing. */
  readonly dryRun?: boolean;
  /** Milliseconds that an unnamed blob must have lain there; default an hour. */
  readonly grace?: number;
}

/**
 * Removes the blobs of a store that nothing names. Other tools leave no lease while they write, so a young blob stays;
 * while one of our writers is at work everything stays. `kept` tells of unnamed blobs only. CORRUPT, and nothing is
 * removed, when a manifest cannot be read; CONFLICT, LOCAL_IO.
 */
export async function collectGarbage(options: GarbageOptions = {}): Promise<Removal<Sum>> {
  const layout = await findStore(options);
  if (layout === undefined) return { removed: [], kept: [] };
  return await withLock(layout, () => collect(layout, options), options);
}

const defaultGrace = 60 * 60_000;

async function collect(layout: string, { dryRun, grace = defaultGrace }: GarbageOptions): Promise<Removal<Sum>> {
  const writers = await reclaimLeases(layout);
  const { entries } = await readIndex(layout);
  const needed = await neededFiles(layout, entries);
  const blobs = (await listBlobs(layout)).filter(({ digest }) => needed(digest) === undefined);
  const oldest = Date.now() - grace;
  const reason = (changed: number) => {
    if (writers > 0) return "another writer is at work";
    return changed > oldest ? "it is young, and another tool may be about to name it" : undefined;
  };
  if (!dryRun) return await removeThose(layout, blobs, async ({ changed }) => reason(changed));
  const kept = blobs.flatMap((blob) => {
    const why = reason(blob.changed);
    return why === undefined ? [] : [{ blob, why }];
  });
  return { removed: blobs.filter(({ changed }) => reason(changed) === undefined), kept };
}
