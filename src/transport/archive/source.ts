import type { ByteStream } from "../../bytes/byte-stream.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { checkContent, manifestLimit } from "../../oci/manifest.js";
import { type OpenArchive, openArchive, readMember } from "../../tar/open-archive.js";
import type { AttachmentSource } from "../attachments.js";
import { blobPath } from "../layout/blob-file.js";
import {
  type AttachedEntry,
  attachmentsIn,
  candidateEntries,
  type LayoutContent,
  readAttached,
} from "../layout/index/attached.js";
import { type IndexEntry, indexLimit, indexName, parseIndex } from "../layout/index/index-json.js";
import type { ImageSelector } from "../layout/index/locator.js";
import { printEntries, selectEntry } from "../layout/index/select.js";
import { markerName } from "../layout/layout-directory.js";
import type { EndpointOptions, ImageSource } from "../transport.js";

/** Which archive to read, and which image in it. */
export interface ArchiveSourceOptions {
  readonly path: string;
  readonly name: string;
  readonly place: string;
  readonly selector: ImageSelector;
}

/** An archive open for reading, with what its `index.json` lists. */
export interface ArchiveSource extends ImageSource, AttachmentSource {
  readonly entries: readonly IndexEntry[];
  /** The entries that belong to images. */
  attached(): Promise<readonly AttachedEntry[]>;
  /** What the reference names, as it stands in `index.json`. NOT_FOUND. */
  entry(): IndexEntry;
  /** Something no larger than a manifest, unchecked; undefined when it is not there. */
  small(digest: Digest): Promise<Uint8Array | undefined>;
  /** Whether the archive has a file for the blob. */
  holds(descriptor: Descriptor): boolean;
}

/** Reads the headers and `index.json`. Codes of `openArchive`; CORRUPT when it is not an archive of a layout. */
export async function openArchiveSource(
  options: ArchiveSourceOptions,
  endpoint: EndpointOptions,
): Promise<ArchiveSource> {
  const what = `oci-archive:${options.path}`;
  const archive = await openArchive(options.path, what, endpoint);
  try {
    const entries = await readEntries(archive);
    const content = { entries, manifest: (descriptor: Descriptor) => readManifest(archive, descriptor) };
    const candidates = await candidateEntries(content, options.selector);
    return sourceOver(archive, { entries, candidates }, options);
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

function sourceOver(
  archive: OpenArchive,
  { entries, candidates }: { readonly entries: readonly IndexEntry[]; readonly candidates: readonly IndexEntry[] },
  { name, place, selector }: ArchiveSourceOptions,
): ArchiveSource {
  const entry = () => {
    const found = selectEntry(candidates, selector, archive.what);
    if (found) return found;
    throw new OciEncError("NOT_FOUND", `there is no ${name}`, {
      hint: entries.length === 0 ? "the archive lists no image" : `the archive has ${printEntries(entries)}`,
    });
  };
  const content: LayoutContent = {
    entries,
    manifest: (descriptor) => readManifest(archive, descriptor),
    blob: (descriptor) => readBlob(archive, descriptor, 0),
  };
  return {
    name,
    place,
    entries,
    attached: () => readAttached(content),
    ...attachmentsIn(content),
    entry,
    small: (digest) => readMember(archive, blobPath(digest), manifestLimit),
    holds: ({ digest }) => archive.map.find(blobPath(digest)) !== undefined,
    resolve: async () => entry().descriptor,
    manifest: (descriptor) => readManifest(archive, descriptor),
    blob: (descriptor, from = 0) => readBlob(archive, descriptor, from),
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}

async function readEntries(archive: OpenArchive): Promise<readonly IndexEntry[]> {
  const bytes = await readMember(archive, indexName, indexLimit);
  if (!bytes || !archive.map.find(markerName)) {
    throw new OciEncError(
      "CORRUPT",
      `${archive.what} has no ${bytes ? markerName : indexName}, and is not an archive of a layout`,
      {
        hint: archive.map.find("manifest.json") ? "read it as docker-archive:FILE" : undefined,
      },
    );
  }
  return parseIndex(bytes, `${indexName} in ${archive.what}`).entries;
}

async function readManifest(archive: OpenArchive, descriptor: Descriptor): Promise<Uint8Array> {
  const bytes = await readMember(archive, blobPath(descriptor.digest), manifestLimit);
  if (!bytes) throw absent(archive, descriptor);
  checkContent(bytes, descriptor);
  return bytes;
}

async function* readBlob(archive: OpenArchive, descriptor: Descriptor, from: number): ByteStream {
  const range = archive.map.find(blobPath(descriptor.digest));
  if (!range) throw absent(archive, descriptor);
  yield* archive.file.stream({ start: Math.min(range.start + from, range.end), end: range.end });
}

function absent(archive: OpenArchive, { digest }: Descriptor): OciEncError {
  return new OciEncError("NOT_FOUND", `${archive.what} has no blob ${digest}`);
}
