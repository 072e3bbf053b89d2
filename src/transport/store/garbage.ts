import { realpath } from "node:fs/promises";
import type { OciEncError } from "../../errors.js";
import type { ContentId } from "../../oci/descriptor.js";
import { type IndexEntry, indexName, readIndex } from "../layout/index/index-json.js";
import { type HeldLock, withLock } from "../layout/lock/lock.js";
import { hasWorkDirectory } from "../layout/lock/work-directory.js";
import { reclaimSessions } from "../layout/lock/writer-session.js";
import { listPartialBlobs, removePartialBlob } from "../layout/partial-blob-store.js";
import { findRegular } from "../layout/regular-file.js";
import { readObsolete, writeObsolete } from "../layout/removal/obsolete-record.js";
import { listBlobs, neededFiles, type Removal, removeThose } from "../layout/removal/removal.js";
import { warnLeftovers } from "../leftover-warning.js";
import { removalFailure } from "../transport.js";
import { findStore, type StoreOptions, storeDirectory } from "./store-directory.js";

/** How to collect garbage. */
export interface GarbageOptions extends StoreOptions {
  /** Say what would be removed, and remove nothing. */
  readonly dryRun?: boolean;
  /** Milliseconds that an unnamed blob must have lain there; default an hour. */
  readonly grace?: number;
}

/** What became of the unnamed blobs of a store; `kept` tells of no others. */
export interface Garbage extends Removal<ContentId> {
  /** The same of partial blobs, which writers that failed have left there. */
  readonly partialBlobs: Removal<ContentId>;
  /** LOCAL_IO when the system did not let some of the blobs go. */
  readonly failure: OciEncError | undefined;
}

/** What `collectGarbage` promises. */
export async function collectStoreGarbage(options: GarbageOptions): Promise<Garbage> {
  const layout = await findStore(options);
  if (layout !== undefined) {
    const all = async (lock: HeldLock) => {
      const removal = await collect(layout, options, lock);
      const failure = removalFailure(removal.kept, JSON.stringify(layout));
      return { ...removal, partialBlobs: await reclaim(layout, options), failure };
    };
    return await withLock(layout, all, options);
  }
  // The first pull of all may have broken off before it had made a layout.
  const directory = await realpath(storeDirectory(options.store)).catch(() => undefined);
  if (directory === undefined || !(await hasWorkDirectory(directory))) return { ...nothing, partialBlobs: none };
  const left = async () => {
    await reclaimSessions(directory);
    return { ...nothing, partialBlobs: await reclaim(directory, options) };
  };
  return await withLock(directory, left, options);
}

const none: Removal<ContentId> = { removed: [], kept: [] };
const nothing = { ...none, failure: undefined };

/** Milliseconds for which a partial blob is kept for a writer that resumes it. */
const waitingTime = 7 * 24 * 60 * 60_000;

const defaultGrace = 60 * 60_000;

async function collect(
  layout: string,
  { dryRun, grace = defaultGrace, progress = () => {} }: GarbageOptions,
  lock: HeldLock,
): Promise<Removal<ContentId>> {
  const { living: writers, kept: sessions } = await reclaimSessions(layout);
  for (const why of sessions) warnLeftovers(progress, { removed: 0, kept: 1, why });
  const obsolete = new Set(await readObsolete(layout));
  const entries = await listedEntries(layout, obsolete.size > 0);
  const needed = await neededFiles(layout, entries ?? [], { look: true });
  const blobs = await listBlobs(layout, (digest) => needed(digest) === undefined);
  const oldest = Date.now() - grace;
  const reason = ({ digest, changed }: ContentId & { readonly changed: number }) => {
    const left = obsolete.has(digest);
    if (writers > 0) return `another writer is at work${left ? "; a killed command left some that may be plain" : ""}`;
    if (left) return undefined;
    if (entries === undefined) return "there is no index.json to name it";
    return changed > oldest ? "it is young, and another tool may be about to name it" : undefined;
  };
  if (!dryRun) {
    const removal = await removeThose(layout, blobs, async (blob) => reason(blob));
    const unfinished = removal.kept.map(({ blob }) => blob.digest).filter((digest) => obsolete.has(digest));
    await writeObsolete(layout, unfinished, lock);
    return removal;
  }
  const kept = blobs.flatMap((blob) => {
    const why = reason(blob);
    return why === undefined ? [] : [{ blob, why }];
  });
  return { removed: blobs.filter((blob) => reason(blob) === undefined), kept };
}

/** Undefined: a writer was killed before it had made a list, and what it wrote down is all that is known. CORRUPT. */
async function listedEntries(layout: string, begun: boolean): Promise<readonly IndexEntry[] | undefined> {
  if (begun && !(await findRegular(layout, indexName))) return undefined;
  return (await readIndex(layout)).entries;
}

async function reclaim(layout: string, { dryRun = false }: GarbageOptions): Promise<Removal<ContentId>> {
  const removed: ContentId[] = [];
  const kept: { blob: ContentId; why: string }[] = [];
  for (const { digest, size, changed } of await listPartialBlobs(layout)) {
    // A time that lies as far ahead cannot be right.
    const young = Math.abs(Date.now() - changed) <= waitingTime;
    const stays = young ? "a pull can resume it for a week" : undefined;
    const why = stays ?? (dryRun ? undefined : await removePartialBlob(layout, digest));
    if (why === undefined) removed.push({ digest, size });
    else kept.push({ blob: { digest, size }, why });
  }
  return { removed, kept };
}
