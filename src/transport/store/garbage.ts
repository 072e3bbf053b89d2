import { realpath } from "node:fs/promises";
import type { Sum } from "../../oci/descriptor.js";
import { readIndex } from "../layout/index-json.js";
import { listBeginnings, removeBeginning } from "../layout/ingest.js";
import { reclaimLeases } from "../layout/lease.js";
import { withLock } from "../layout/lock.js";
import { listBlobs, neededFiles, type Removal, removeThose } from "../layout/removal.js";
import { hasWorkplace } from "../layout/workplace.js";
import { findStore, type StoreOptions, storeDirectory } from "./store-directory.js";

/** How to collect. */
export interface GarbageOptions extends StoreOptions {
  /** Say what would be removed, and remove nothing. */
  readonly dryRun?: boolean;
  /** Milliseconds that an unnamed blob must have lain there; default an hour. */
  readonly grace?: number;
}

/** What became of the unnamed blobs of a store; `kept` tells of no others. */
export interface Garbage extends Removal<Sum> {
  /** And of the beginnings of blobs, which writers that failed have left there. */
  readonly beginnings: Removal<Sum>;
}

/**
 * Removes the blobs of a store that nothing names, and beginnings of blobs that no pull has gone on with for a week. Other
 * tools leave no lease while they write, so a young blob stays; while one of our writers is at work all blobs stay.
 * CORRUPT, and nothing is removed, when a manifest cannot be read; CONFLICT, LOCAL_IO.
 */
export async function collectGarbage(options: GarbageOptions = {}): Promise<Garbage> {
  const layout = await findStore(options);
  if (layout !== undefined) {
    const all = async () => ({ ...(await collect(layout, options)), beginnings: await reclaim(layout, options) });
    return await withLock(layout, all, options);
  }
  // The first pull of all may have broken off before it had made a layout.
  const directory = await realpath(storeDirectory(options.store)).catch(() => undefined);
  if (directory === undefined || !(await hasWorkplace(directory))) return { ...nothing, beginnings: nothing };
  const left = async () => {
    await reclaimLeases(directory);
    return { ...nothing, beginnings: await reclaim(directory, options) };
  };
  return await withLock(directory, left, options);
}

const nothing: Removal<Sum> = { removed: [], kept: [] };

/** Milliseconds for which a beginning waits for somebody to go on with it. */
const waitingTime = 7 * 24 * 60 * 60_000;

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

async function reclaim(layout: string, { dryRun = false }: GarbageOptions): Promise<Removal<Sum>> {
  const removed: Sum[] = [];
  const kept: { blob: Sum; why: string }[] = [];
  for (const { digest, size, changed } of await listBeginnings(layout)) {
    // A time that lies as far ahead is no time at all.
    const young = Math.abs(Date.now() - changed) <= waitingTime;
    const stays = young ? "a pull can go on with it for a week" : undefined;
    const why = stays ?? (dryRun ? undefined : await removeBeginning(layout, digest));
    if (why === undefined) removed.push({ digest, size });
    else kept.push({ blob: { digest, size }, why });
  }
  return { removed, kept };
}
