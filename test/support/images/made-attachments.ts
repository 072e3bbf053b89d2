import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { type AttachedManifest, attachable, attachmentsOf } from "../../../src/transport/attachments.js";
import type { ImageTarget } from "../../../src/transport/transport.js";
import { type EndOptions, openFrom, openTo, uploadOfBytes } from "../registry/registry-ends.js";

/** A manifest made for a test, with the blobs that it names. */
export interface MadeManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly blobs: readonly Uint8Array[];
}

/** A manifest for a digest tag, with its blobs but the config. */
export interface MadeAttached extends AttachedManifest {
  readonly blobs: readonly Uint8Array[];
}

/** What cosign keeps under `.sig`: one layer for each payload, signed by nobody. */
export function madeSignatures(...payloads: readonly string[]): MadeAttached {
  const blobs = payloads.map((payload) => Buffer.from(payload));
  const layers = blobs.map((blob) => ({
    mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
    digest: digestOf(blob),
    size: blob.length,
    annotations: { "dev.cosignproject.cosign/signature": blob.toString("base64") },
  }));
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const config = Buffer.from(JSON.stringify({ architecture: "", os: "", config: {}, rootfs }));
  const mediaType = mediaTypes.ociManifest;
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config: describe(mediaTypes.ociConfig, config), layers }),
  );
  return { descriptor: describe(mediaType, bytes), bytes, config, blobs };
}

/** A manifest that refers to another. Its descriptor is as it stands in lists. */
export function madeReferrer(subject: Descriptor, artifactType: string, content = artifactType): MadeManifest {
  const [config, layer] = [Buffer.from("{}"), Buffer.from(content)];
  const mediaType = mediaTypes.ociManifest;
  const annotations = { "test.content": content };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      artifactType,
      config: describe("application/vnd.oci.empty.v1+json", config),
      layers: [describe("text/plain", layer)],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
      annotations,
    }),
  );
  return { descriptor: { ...describe(mediaType, bytes), artifactType, annotations }, bytes, blobs: [config, layer] };
}

/** Stores blobs, as an engine does before it puts manifests. */
export async function putBlobs(target: ImageTarget, blobs: readonly Uint8Array[]): Promise<void> {
  for (const blob of blobs) await target.put(uploadOfBytes(blob, describe("text/plain", blob)));
}

/** Opens an image of a test registry for writing, as something that keeps attachments. */
export async function openAttachable(host: string, options: EndOptions = {}, name = "app:1") {
  const target = attachable(await openTo(host, options, name));
  if (!target) throw new Error("a registry keeps no attachments");
  return target;
}

/** The same for reading. */
export async function openAttached(host: string, options: EndOptions = {}, name = "app:1") {
  const source = attachmentsOf(await openFrom(host, options, name));
  if (!source) throw new Error("a registry has no attachments");
  return source;
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
