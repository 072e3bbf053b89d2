import type { ByteStream } from "../../bytes/byte-stream.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { checkContent, manifestLimit } from "../../oci/manifest.js";
import { blobPath } from "../layout/blob-file.js";
import type { IndexEntry } from "../layout/index-json.js";
import { indexLimit, indexName, parseIndex } from "../layout/index-json.js";
import { markerName } from "../layout/layout-directory.js";
import type { ImageSelector } from "../layout/locator.js";
import { printEntries, selectEntry } from "../layout/select.js";
import { type OpenArchive, openArchive, readMember } from "../tar/open-archive.js";
import type { EndpointOptions, ImageSource } from "../transport.js";

/** Which archive to read, and which image in it. */
export interface ArchiveSourceOptions {
  readonly path: string;
  readonly name: string;
  readonly place: string;
  readonly selector: ImageSelector;
}

/** An archive open for reading, with what its `index.json` lists. */
export interface ArchiveSource extends ImageSource {
  readonly entries: readonly IndexEntry[];
  /** What the reference names, as it stands in `index.json`. NOT_FOUND. */
  entry(): IndexEntry;
  /** Whether the archive has a file for the blob. */
  holds(descriptor: Descriptor): boolean;
}

/** Reads the headers and `index.json`. Codes of `openArchive`; CORRUPT when it is no archive of a layout. */
export async function openArchiveSource(
  options: ArchiveSourceOptions,
  endpoint: EndpointOptions,
): Promise<ArchiveSource> {
  const what = `oci-archive:${options.path}`;
  const archive = await openArchive(options.path, what, endpoint);
  try {
    return sourceOver(archive, await readEntries(archive), options);
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

function sourceOver(
  archive: OpenArchive,
  entries: readonly IndexEntry[],
  { name, place, selector }: ArchiveSourceOptions,
): ArchiveSource {
  const entry = () => {
    const found = selectEntry({ text: "", entries }, selector, archive.what);
    if (found) return found;
    throw new OciEncError("NOT_FOUND", `there is no ${name}`, {
      hint: entries.length === 0 ? "the archive lists no image" : `the archive has ${printEntries(entries)}`,
    });
  };
  return {
    name,
    place,
    entries,
    entry,
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
      `${archive.what} has no ${bytes ? markerName : indexName}, and is no archive of a layout`,
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
