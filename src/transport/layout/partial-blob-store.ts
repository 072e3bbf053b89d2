import { constants } from "node:fs";
import { lstat, open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../../errors.js";
import type { ContentId } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf, isDigest } from "../../oci/digest.js";
import { type LockOptions, withLock } from "./lock/lock.js";
import { makeWorkDirectory, partialBlobsDirectory } from "./lock/work-directory.js";
import { type PartialBlobFile, parsePartialBlobName, partialBlobPath } from "./partial-blob.js";

/*
 * Partial blobs of writers that failed wait here, each under its digest, for a writer who needs that blob.
 *
 * - They come and go under the layout's lock, by rename, so at any moment a file is in one session or here, and two pulls
 *   never share one.
 * - No file has more than one writer. It comes here when its writer has closed it, or has been seen to be dead: one that
 *   is merely silent might wake up and write into what another has verified. Nor is a file taken that has a second name.
 * - Nothing here is believed. Whoever takes a file hashes all of it with the rest of the blob, and it gets the blob's name
 *   by the commit only; so the files can be garbage after a power cut, and need not be made durable.
 * - Nothing here is needed: neither sessions nor removals ask for it, and what cannot be moved is fetched again.
 */

/** A shorter partial blob is not worth a second request. */
const smallestPartialBlob = 16 * 1024;

/**
 * Moves the partial blobs of a writer that has ended here, but for those in `busy`; to be called under the lock. Of two
 * partial copies of one blob the longer one stays. Never fails: what cannot be moved goes with its session.
 */
export async function keepPartialBlobs(
  layout: string,
  directory: string,
  busy: ReadonlySet<Digest> = new Set(),
): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const file = parsePartialBlobName(name);
    if (file && !busy.has(file.digest)) await moveHere(layout, directory, file).catch(() => undefined);
  }
}

/**
 * Moves a partial blob that was kept into a session's directory; false when there is none. Takes the lock, which
 * must be free. CONFLICT, ABORTED, LOCAL_IO.
 */
export async function claimPartialBlob(
  layout: string,
  { directory, blob }: { readonly directory: string; readonly blob: ContentId },
  options: LockOptions,
): Promise<boolean> {
  const { digest, size } = blob;
  // For most blobs nothing waits; asking that needs no lock.
  if (!(await findWaiting(layout, digest))) return false;
  const claim = async (): Promise<boolean> => {
    const found = await findWaiting(layout, digest);
    if (!found) return false;
    const fits = found.size <= size;
    if (fits) await rename(waitingPath(layout, digest), partialBlobPath(directory, { digest, complete: false }));
    else await unlink(waitingPath(layout, digest));
    return fits;
  };
  return await withLock(layout, claim, options).catch((error: unknown) => {
    throw ioError(error, `cannot resume the partial blob ${digest}`);
  });
}

/** Every partial blob that is kept, with its size and the time of its last byte. Under the lock. */
export async function listPartialBlobs(layout: string): Promise<readonly (ContentId & { readonly changed: number })[]> {
  const waiting: (ContentId & { changed: number })[] = [];
  // Those of another user cannot be seen, and are that user's to reclaim.
  for (const name of await readdir(partialBlobsDirectory(layout)).catch(() => [])) {
    const digest = name.replace("-", ":");
    const found = isDigest(digest) ? await findWaiting(layout, digest) : undefined;
    if (found && isDigest(digest)) waiting.push({ digest, ...found });
  }
  return waiting;
}

/** Removes a partial blob that is kept, under the lock; says why it could not. */
export async function removePartialBlob(layout: string, digest: Digest): Promise<string | undefined> {
  return await unlink(waitingPath(layout, digest)).then(
    () => undefined,
    (error: unknown) => ioError(error, "it cannot be removed").message,
  );
}

function waitingPath(layout: string, digest: Digest): string {
  return join(partialBlobsDirectory(layout), `${algorithmOf(digest)}-${hexOf(digest)}`);
}

/** Undefined, too, for what is not a regular file or has another name somewhere, and where there is a link to elsewhere. */
async function findWaiting(
  layout: string,
  digest: Digest,
): Promise<{ readonly size: number; readonly changed: number } | undefined> {
  try {
    if (!(await lstat(partialBlobsDirectory(layout))).isDirectory()) return undefined;
    const stats = await lstat(waitingPath(layout, digest));
    return stats.isFile() && stats.nlink === 1 ? { size: stats.size, changed: stats.mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

async function moveHere(layout: string, directory: string, file: PartialBlobFile): Promise<void> {
  const path = partialBlobPath(directory, file);
  const size = await makePrivate(path);
  if (size === undefined || size < (file.complete ? 1 : smallestPartialBlob)) return;
  const waiting = await findWaiting(layout, file.digest);
  if (!file.complete && waiting && waiting.size >= size) return;
  await makeWorkDirectory(layout, partialBlobsDirectory(layout), 0o700);
  await rename(path, waitingPath(layout, file.digest));
}

/** Gives a file the mode 0600, and says its size. Undefined when it is not a regular file, or has another name somewhere. */
async function makePrivate(path: string): Promise<number | undefined> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.nlink !== 1) return undefined;
    await handle.chmod(0o600);
    return stats.size;
  } finally {
    await handle.close();
  }
}
