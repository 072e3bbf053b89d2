import { abortable } from "../../bytes/abortable.js";
import { digesting } from "../../bytes/digesting.js";
import { type FileForm, formHead, formOf } from "../../bytes/file-form.js";
import { OciEncError } from "../../errors.js";
import type { ByteRange } from "../../files/read-file.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { type Digest, digestOf } from "../../oci/digest.js";
import { diffIdsOf, manifestLimit } from "../../oci/manifest.js";
import { mediaTypes } from "../../oci/media-type.js";
import { type OpenArchive, readMember } from "../../tar/open-archive.js";
import type { DockerImage } from "./manifest-json.js";

/** An OCI image made up from what an archive holds, and where each of its blobs is. */
export interface ConvertedImage {
  readonly root: Descriptor;
  readonly manifest: Uint8Array;
  readonly blobs: ReadonlyMap<Digest, ByteRange>;
}

/**
 * Reads every layer once, as the format names no digests of them. The same archive always makes the same manifest.
 * CORRUPT when a file is missing, or an uncompressed layer is not what the config says it is; ABORTED.
 */
export async function convertImage(
  archive: OpenArchive,
  image: DockerImage,
  signal: AbortSignal | undefined,
): Promise<ConvertedImage> {
  const blobs = new Map<Digest, ByteRange>();
  const config = await readMember(archive, image.config, manifestLimit);
  if (!config) throw absent(archive, image.config);
  const diffIds = diffIdsOf(config);
  if (diffIds.length !== image.layers.length) {
    const counts = `${image.layers.length} layers, and its config names ${diffIds.length}`;
    throw new OciEncError("CORRUPT", `the image in ${archive.what} has ${counts}`);
  }
  const layers: Descriptor[] = [];
  const known = new Map<number, Descriptor>();
  for (const [index, name] of image.layers.entries()) {
    const range = rangeOf(archive, name);
    const layer = known.get(range.start) ?? (await describeLayer(archive, range, signal));
    known.set(range.start, layer);
    if (layer.mediaType === plainLayer && layer.digest !== diffIds[index]) throw unlike(archive, name, diffIds[index]);
    blobs.set(layer.digest, range);
    layers.push(layer);
  }
  const configDescriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length };
  blobs.set(configDescriptor.digest, rangeOf(archive, image.config));
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: configDescriptor, layers }),
  );
  const root = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.length };
  return { root, manifest, blobs };
}

const plainLayer = "application/vnd.oci.image.layer.v1.tar";

/** `docker save` writes plain layers, or as they were pulled; the file's name says nothing of it. */
async function describeLayer(
  archive: OpenArchive,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const head = await archive.file.read({ start: range.start, end: Math.min(range.end, range.start + formHead) });
  const form = range.end > range.start ? formOf(head) : undefined;
  if (form !== undefined && form.reader !== "own") throw unknownForm(archive, form);
  const stream = archive.file.stream(range);
  const { bytes, sum } = digesting(signal ? abortable(stream, signal) : stream, range.end - range.start);
  for await (const chunk of bytes) void chunk;
  const { digest, size } = sum();
  return { mediaType: `${plainLayer}${compressionOf(head)}`, digest, size };
}

function compressionOf(head: Uint8Array): "" | "+gzip" | "+zstd" {
  const magic = Buffer.from(head).toString("hex");
  if (magic.startsWith("1f8b")) return "+gzip";
  return magic.startsWith("28b52ffd") ? "+zstd" : "";
}

/** Docker reads them, and no media type of the image format names them. */
function unknownForm(archive: OpenArchive, { what }: FileForm): OciEncError {
  return new OciEncError("UNSUPPORTED", `a layer in ${archive.what} is ${what}, and layers are tar, gzip or zstd`, {
    hint: "docker load and docker save make an archive whose layers are tar",
  });
}

function rangeOf(archive: OpenArchive, name: string): ByteRange {
  const range = archive.map.find(name);
  if (!range) throw absent(archive, name);
  return range;
}

function absent(archive: OpenArchive, name: string): OciEncError {
  return new OciEncError(
    "CORRUPT",
    `${archive.what} has no ${JSON.stringify(name.slice(0, 200))}, which its list names`,
  );
}

function unlike(archive: OpenArchive, name: string, diffId: Digest | undefined): OciEncError {
  const file = JSON.stringify(name.slice(0, 200));
  return new OciEncError("CORRUPT", `the layer ${file} in ${archive.what} is not the ${diffId} that the config names`);
}
