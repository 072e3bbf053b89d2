import { realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { ioError, OciEncError } from "../../errors.js";
import { syncDirectory } from "../../files/durable-file.js";
import { makeDirectory } from "../../files/make-directory.js";
import type { ContentId, Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest } from "../../oci/digest.js";
import { checkContent, manifestLimit } from "../../oci/manifest.js";
import { isNondistributable } from "../nondistributable.js";
import type { CommitOptions, Committed } from "../transport.js";
import { blobPath, blobSize } from "./blob-file.js";
import { withAttachments } from "./index/attachment-entry.js";
import { type IndexEntry, indexEntry, readIndexToChange, replaceIndex, withEntries } from "./index/index-json.js";
import type { LayoutAttachments } from "./index/pending-attachments.js";
import { placeEntry, selectEntry } from "./index/select.js";
import { checkRoom, markerName, markerText } from "./layout-directory.js";
import { moveIntoPlace, writeAtomically } from "./lock/atomic-write.js";
import type { HeldLock } from "./lock/lock.js";
import type { WriterSession } from "./lock/writer-session.js";
import { readManifest } from "./manifest-file.js";
import { findRegular, liesInside, readRegular } from "./regular-file.js";
import { readObsolete, writeObsolete } from "./removal/obsolete-record.js";
import { removeUnnamed } from "./removal/removal.js";
import { walkImage } from "./removal/walk.js";

/** A finished blob in a session's directory, on the disk already, waiting for the commit. */
export interface StagedBlob extends ContentId {
  readonly path: string;
}

/** What a commit works on, under the lock. */
export interface CommitContext {
  readonly layout: string;
  readonly session: WriterSession;
  readonly lock: HeldLock;
  readonly staged: ReadonlyMap<Digest, StagedBlob>;
  readonly entryName: string | undefined;
  readonly attachments: LayoutAttachments;
  /** Stages something small; what it is called is known already. */
  readonly keep: (digest: Digest, bytes: Uint8Array) => Promise<void>;
}

/**
 * Makes an index entry name `root`. Everything that can fail is tried first; then the blobs get their names, then these
 * names become durable, then `index.json` is replaced: a reader and a power cut at any moment find the old state or the
 * new one. CONFLICT when a blob is missing or the reference is not what `expect` says; CORRUPT; LOCAL_IO.
 */
export async function commitImage(place: CommitContext, root: Descriptor, options: CommitOptions): Promise<Committed> {
  const { layout, session, lock, entryName } = place;
  await checkRoom(layout);
  await checkComplete(place, root, new Set(options.absent));
  const before = await readIndexToChange(layout);
  const moved = options.expect;
  if (moved !== undefined) checkUnmoved(place, before.entries, moved);
  const content = (digest: Digest) => readSmall(place, digest);
  const { keep, attachments } = place;
  const attached = await attachments.entries({ before: before.entries, root, content, keep });
  for (const { descriptor } of attached) await checkComplete(place, descriptor);
  const placed = placeEntry(before.entries, root, { name: entryName, moved, make: indexEntry });
  const entries = withAttachments(placed, attached);
  await writeMarker(place);
  const { obsolete = [] } = options;
  const earlier = await writeDown(place, obsolete);
  await moveBlobs(place);
  await replaceIndex(layout, withEntries(before, entries), lock);
  return await removeUnnamed(layout, obsolete, { session, lock, earlier });
}

/**
 * Says in the layout what is to go, before it can be too late: of a writer that is killed from here on, the next one finds
 * the plain blobs that the new reference does not name, and the opened ones that no reference names yet. Gives back what
 * was written down before.
 */
async function writeDown(
  { layout, lock, staged }: CommitContext,
  obsolete: readonly ContentId[],
): Promise<readonly Digest[]> {
  const earlier = await readObsolete(layout);
  const coming: Digest[] = [];
  for (const digest of staged.keys()) {
    if ((await blobSize(layout, digest).catch(() => undefined)) === undefined) coming.push(digest);
  }
  const all = [...earlier, ...coming, ...obsolete.map(({ digest }) => digest)];
  if (all.length > 0) await writeObsolete(layout, all, lock);
  return earlier;
}

function checkUnmoved({ layout, entryName }: CommitContext, entries: readonly IndexEntry[], expect: Digest): void {
  const now =
    entryName === undefined
      ? entries.find((entry) => entry.descriptor.digest === expect)
      : selectEntry(entries, { names: [entryName], digest: undefined }, JSON.stringify(layout));
  if (now?.descriptor.digest === expect) return;
  const what = entryName === undefined ? "the image" : JSON.stringify(entryName);
  throw new OciEncError(
    "CONFLICT",
    `${what} moved meanwhile: it was ${expect}, and is ${now?.descriptor.digest ?? "gone"}`,
    {
      hint: "run the command again",
      retryable: true,
    },
  );
}

/** Whether all that an image names is here, without what may be absent. */
async function checkComplete(
  place: CommitContext,
  root: Descriptor,
  absent: ReadonlySet<Digest> = new Set(),
): Promise<void> {
  const sizeOf = async (digest: Digest) => place.staged.get(digest)?.size ?? (await blobSize(place.layout, digest));
  const lacks = async ({ digest }: Descriptor) => absent.has(digest) && (await sizeOf(digest)) === undefined;
  const read = async (manifest: Descriptor) =>
    (await lacks(manifest)) ? undefined : await readStaged(place, manifest);
  for await (const { descriptor, role } of walkImage(root, read)) {
    if (role === "subject") continue;
    const { digest, size } = descriptor;
    const found = await sizeOf(digest);
    if (found === size) continue;
    if (found === undefined && (isNondistributable(descriptor) || absent.has(digest))) continue;
    if (found !== undefined) {
      throw new OciEncError("CORRUPT", `the blob ${digest} has ${found} bytes, and the image says ${size}`);
    }
    throw missing(place.layout, digest);
  }
}

async function readStaged(place: CommitContext, manifest: Descriptor): Promise<Uint8Array> {
  if (manifest.size > manifestLimit) return await readManifest(place.layout, manifest);
  const bytes = await readSmall(place, manifest.digest);
  if (!bytes) throw missing(place.layout, manifest.digest);
  checkContent(bytes, manifest);
  return bytes;
}

async function readSmall({ layout, staged, session }: CommitContext, digest: Digest): Promise<Uint8Array | undefined> {
  const blob = staged.get(digest);
  if (blob) return await readRegular(session.directory, basename(blob.path), manifestLimit);
  if ((await blobSize(layout, digest)) === undefined) return undefined;
  return await readRegular(layout, blobPath(digest), manifestLimit);
}

function missing(layout: string, digest: Digest): OciEncError {
  return new OciEncError(
    "CONFLICT",
    `the image needs the blob ${digest}, which ${JSON.stringify(layout)} does not have`,
    {
      hint: "another command may have removed it meanwhile; run the command again",
      retryable: true,
    },
  );
}

/** First of all: a directory with blobs and without this file would not be taken for a layout. */
async function writeMarker({ layout, lock }: CommitContext): Promise<void> {
  if (!(await findRegular(layout, markerName))) await writeAtomically(join(layout, markerName), markerText, lock);
}

async function moveBlobs({ layout, staged }: CommitContext): Promise<void> {
  const algorithms = new Set([...staged.keys()].map(algorithmOf));
  for (const algorithm of algorithms) await makeBlobDirectory(layout, algorithm);
  for (const { digest, path } of staged.values()) await moveIntoPlace(path, join(layout, blobPath(digest)));
  for (const algorithm of algorithms) await syncDirectory(join(layout, "blobs", algorithm));
}

/** CORRUPT when a link leads out of the layout: blobs would be written elsewhere. */
async function makeBlobDirectory(layout: string, algorithm: string): Promise<void> {
  for (const part of ["blobs", `blobs/${algorithm}`]) {
    const path = join(layout, part);
    await makeDirectory(path);
    const real = await realpath(path).catch((error: unknown) => {
      throw ioError(error, `cannot look at ${JSON.stringify(path)}`);
    });
    if (!liesInside(layout, real)) {
      throw new OciEncError("CORRUPT", `${JSON.stringify(path)} is a link that leads out of the layout`);
    }
  }
}
