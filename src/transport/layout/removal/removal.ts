import { readdir, realpath, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../../errors.js";
import type { ContentId, Descriptor } from "../../../oci/descriptor.js";
import { type Digest, isDigest } from "../../../oci/digest.js";
import type { KeptBlob } from "../../transport.js";
import { blobPath, blobSize } from "../blob-file.js";
import { type IndexEntry, readIndexToChange } from "../index/index-json.js";
import type { HeldLock } from "../lock/lock.js";
import { reclaimSessions, type WriterSession } from "../lock/writer-session.js";
import { findRegular } from "../regular-file.js";
import { writeObsolete } from "./obsolete-record.js";
import { reachableFrom } from "./reachable.js";
import { openReferenceBook } from "./reference-book.js";

/** What became of blobs that were to go. */
export interface Removal<T extends ContentId> {
  readonly removed: readonly T[];
  readonly kept: readonly KeptBlob<T>[];
}

/** What is known before the first blob is removed. */
export interface RemovalContext {
  /** The caller's own session, which does not stand in its way. */
  readonly session?: WriterSession | undefined;
  readonly lock: HeldLock;
  /** What was written down before, by a command that did not get to the end of its removal. */
  readonly earlier: readonly Digest[];
  /** Entries, by their text, that are still in the index because a full disk has no room for the index without them. */
  readonly leaving?: ReadonlySet<string> | undefined;
}

/**
 * Removes those of `candidates`, and of what was to go `earlier`, that nothing in the layout names any more; to be called
 * under the lock, when they have been written down and the index that does not name them is on the disk: it is read once more, as
 * other tools write without our lock. While another writer is at work nothing is removed: it may have found
 * a blob present. Their age does not matter, as it does to a collection of garbage: a name that has just moved away held
 * them, so another tool is not about to name them. What has to stay for a while is written down again. Never
 * fails: the names have changed already.
 */
export async function removeUnnamed(
  layout: string,
  candidates: readonly Descriptor[],
  context: RemovalContext,
): Promise<Removal<Descriptor>> {
  const known = new Set(candidates.map(({ digest }) => digest));
  try {
    const left = await whatIsLeft(
      layout,
      context.earlier.filter((digest) => !known.has(digest)),
    );
    const done = await tryToRemove(layout, [...candidates, ...left], context);
    await writeObsolete(layout, done.unfinished, context.lock);
    // Of what an earlier command wrote down, what is needed after all is not reported.
    const told = done.kept.filter(({ blob }) => known.has(blob.digest) || done.unfinished.includes(blob.digest));
    return { removed: done.removed, kept: told };
  } catch (error) {
    return keepAll(candidates, error);
  }
}

/** Removes `blobs` but those for which `reason` says why they stay. */
export async function removeThose<T extends ContentId>(
  layout: string,
  blobs: readonly T[],
  reason: (blob: T) => Promise<string | undefined>,
): Promise<Removal<T>> {
  const removed: T[] = [];
  const kept: KeptBlob<T>[] = [];
  for (const blob of blobs) {
    const needed = await reason(blob);
    const why = needed ?? (await unlinkBlob(layout, blob.digest));
    if (why === undefined) removed.push(blob);
    else if (why !== alreadyGone) kept.push({ blob, why, ...(needed === undefined && { failed: true }) });
  }
  return { removed, kept };
}

/**
 * Says of a digest why it must stay; undefined when nothing needs it. With `look` every manifest is read, which finds
 * damaged ones. CORRUPT when it cannot be told what is needed.
 */
export async function neededFiles(
  layout: string,
  entries: readonly IndexEntry[],
  { look = false }: { readonly look?: boolean } = {},
): Promise<(digest: Digest) => string | undefined> {
  const book = openReferenceBook(layout, { believe: !look });
  const named = await reachableFrom(layout, entries, book);
  await book.keep();
  const linked = await linkTargets(layout);
  return (digest) => {
    if (named.has(digest)) return "another image names it";
    return linked.has(join(layout, blobPath(digest))) ? "another blob is a link to it" : undefined;
  };
}

/** Every blob that a layout holds under a valid name, and of which `isWanted` holds; in no order. */
export async function listBlobs(
  layout: string,
  isWanted: (digest: Digest) => boolean,
): Promise<readonly (ContentId & { readonly changed: number })[]> {
  const blobs: (ContentId & { changed: number })[] = [];
  for (const { digest } of await blobNames(layout)) {
    if (!isWanted(digest)) continue;
    const file = await findRegular(layout, blobPath(digest)).catch((error: unknown) => {
      if (error instanceof OciEncError && error.code === "CORRUPT") return undefined;
      throw error;
    });
    if (file) blobs.push({ digest, size: file.size, changed: file.changed });
  }
  return blobs;
}

const alreadyGone = "already gone";

/** With the digests of blobs that nothing needs, and that could not be removed now. */
type Try = Removal<Descriptor> & { readonly unfinished: readonly Digest[] };

async function tryToRemove(layout: string, blobs: readonly Descriptor[], context: RemovalContext): Promise<Try> {
  const all = blobs.map(({ digest }) => digest);
  if (blobs.length === 0) return { removed: [], kept: [], unfinished: [] };
  try {
    if ((await reclaimSessions(layout, context.session)).living > 0) {
      return { ...keepAll(blobs, "another writer is at work"), unfinished: all };
    }
    const { entries } = await readIndexToChange(layout);
    const needed = await neededFiles(
      layout,
      entries.filter(({ text }) => !context.leaving?.has(text)),
    );
    const removal = await removeThose(layout, blobs, async ({ digest }) => needed(digest));
    const unfinished = removal.kept.map(({ blob }) => blob.digest).filter((digest) => needed(digest) === undefined);
    return { ...removal, unfinished };
  } catch (error) {
    return { ...keepAll(blobs, error), unfinished: all };
  }
}

/** Those that are still there. What they are was not written down. */
async function whatIsLeft(layout: string, digests: readonly Digest[]): Promise<readonly Descriptor[]> {
  const left: Descriptor[] = [];
  for (const digest of digests) {
    const size = await blobSize(layout, digest).catch(() => 0);
    if (size !== undefined) left.push({ mediaType: "application/octet-stream", digest, size });
  }
  return left;
}

/** Because of a reason, or of an error: one of the system is a failure, and a damaged image elsewhere is not ours. */
function keepAll(blobs: readonly Descriptor[], reason: unknown): Removal<Descriptor> {
  const message = reason instanceof OciEncError ? reason.message : "the layout cannot be read";
  const why = typeof reason === "string" ? reason : message;
  const failed = typeof reason !== "string" && !(reason instanceof OciEncError && reason.code !== "LOCAL_IO");
  return { removed: [], kept: blobs.map((blob) => ({ blob, why, ...(failed && { failed }) })) };
}

async function unlinkBlob(layout: string, digest: Digest): Promise<string | undefined> {
  try {
    await unlink(join(layout, blobPath(digest)));
    return undefined;
  } catch (error) {
    return systemCode(error) === "ENOENT" ? alreadyGone : ioError(error, "it cannot be removed").message;
  }
}

async function linkTargets(layout: string): Promise<ReadonlySet<string>> {
  const links = (await blobNames(layout)).filter((name) => name.isLink);
  const targets = links.map(({ digest }) => realpath(join(layout, blobPath(digest))).catch(() => ""));
  return new Set(await Promise.all(targets));
}

async function blobNames(layout: string): Promise<readonly { readonly digest: Digest; readonly isLink: boolean }[]> {
  const names: { digest: Digest; isLink: boolean }[] = [];
  for (const algorithm of ["sha256", "sha512"]) {
    const files = await readdir(join(layout, "blobs", algorithm), { withFileTypes: true }).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return [];
      throw ioError(error, `cannot look into ${JSON.stringify(layout)}`);
    });
    for (const file of files) {
      const digest = `${algorithm}:${file.name}`;
      if (isDigest(digest)) names.push({ digest, isLink: file.isSymbolicLink() });
    }
  }
  return names;
}
