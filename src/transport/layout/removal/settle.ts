import { OciEncError } from "../../../errors.js";
import type { Digest } from "../../../oci/digest.js";
import type { Progress } from "../../../progress.js";
import { warnLeftovers } from "../../leftover-warning.js";
import { blobSize } from "../blob-file.js";
import { readIndexToChange } from "../index/index-json.js";
import { type LockOptions, withLock } from "../lock/lock.js";
import { deadSessions, reclaimSessions } from "../lock/writer-session.js";
import { readObsolete } from "./obsolete-record.js";
import { neededFiles, removeUnnamed } from "./removal.js";

/** What ends the wait, and who is told. */
export interface SettleOptions extends LockOptions {
  readonly progress?: Progress | undefined;
}

/**
 * Finishes what a writer left undone that was killed in a layout, if there is anything: the blobs that were to go, and the
 * ones under way. Takes the lock, which must be free, for that alone. What cannot be removed now stays written down, and
 * is told of; it ends no command. ABORTED.
 */
export async function settleLayout(layout: string, { signal, progress = () => {} }: SettleOptions): Promise<void> {
  try {
    if ((await readObsolete(layout)).length === 0 && (await deadSessions(layout, "hastily")).length === 0) return;
    await withLock(
      layout,
      async (lock) => {
        const { kept } = await reclaimSessions(layout);
        for (const why of kept) warnLeftovers(progress, { removed: 0, kept: 1, why });
        const earlier = await readObsolete(layout);
        if (earlier.length === 0) return;
        const removal = await removeUnnamed(layout, [], { lock, earlier });
        warnLeftovers(progress, { removed: removal.removed.length, kept: 0 });
        for (const why of new Set(removal.kept.map((entry) => entry.why))) {
          warnLeftovers(progress, { removed: 0, kept: removal.kept.filter((entry) => entry.why === why).length, why });
        }
      },
      { signal, progress },
    );
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code === "ABORTED") throw error;
    warnLeftovers(progress, { removed: 0, kept: 1, why: error.message });
  }
}

/**
 * What lies in a layout and may be plain, though nothing names it: what killed writers left, and blobs of the digests
 * `plain`; each as a phrase. Takes no lock and changes nothing; a writer that is at work may strike off what it wrote down,
 * so that is read again at the end. LOCAL_IO, CORRUPT.
 */
export async function leftoversIn(layout: string, plain: readonly Digest[]): Promise<readonly string[]> {
  const written = await readObsolete(layout);
  const blobs = await unneeded(layout, new Set([...written, ...plain])).catch((error: unknown) => {
    // Another image there is damaged, and it is not known what it needs.
    if (error instanceof OciEncError && error.code === "CORRUPT") return written;
    throw error;
  });
  const known = new Set([...plain, ...(written.length > 0 ? await readObsolete(layout) : [])]);
  const sessions = await deadSessions(layout);
  return [
    ...blobs.filter((digest) => known.has(digest)).map((digest) => `the blob ${digest}, which nothing names`),
    ...sessions.map((directory) => `${JSON.stringify(directory)}, which a command that was killed was writing`),
  ];
}

async function unneeded(layout: string, digests: ReadonlySet<Digest>): Promise<readonly Digest[]> {
  const there: Digest[] = [];
  for (const digest of digests) {
    if ((await blobSize(layout, digest).catch(() => 0)) !== undefined) there.push(digest);
  }
  if (there.length === 0) return [];
  const needed = await neededFiles(layout, (await readIndexToChange(layout)).entries);
  return there.filter((digest) => needed(digest) === undefined);
}
