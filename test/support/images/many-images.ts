import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";

/** One image of `writeManyImages`. */
export interface OneOfMany {
  /** As the store calls it. */
  readonly name: string;
  readonly entry: object;
  /** Its own layer, and one that every tenth image has as well. */
  readonly own: Digest;
  readonly shared: Digest;
}

/** A layout as another tool would write it, with the images `app0:1` to `app<count - 1>:1`, of two layers each. */
export function writeManyImages(layout: string, count: number): readonly OneOfMany[] {
  mkdirSync(join(layout, "blobs", "sha256"), { recursive: true });
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const images = Array.from({ length: count }, (_, index) => writeOne(layout, index));
  writeList(layout, images);
  return images;
}

/** Replaces the list of a layout, as a tool does that knows no lock. */
export function writeList(layout: string, images: readonly Pick<OneOfMany, "entry">[]): void {
  const list = { schemaVersion: 2, manifests: images.map(({ entry }) => entry) };
  writeFileSync(join(layout, "index.json"), JSON.stringify(list));
}

/** Puts a blob where it belongs; gives its descriptor. */
export function putBlob(layout: string, mediaType: string, content: string | Uint8Array) {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  writeFileSync(join(layout, "blobs", "sha256", digest.slice("sha256:".length)), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** An image of these layers, and its descriptor. */
export function putImage(layout: string, layers: readonly { readonly digest: Digest }[], more: object = {}) {
  const config = {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  };
  const listed = putBlob(layout, mediaTypes.ociConfig, JSON.stringify(config));
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: listed, layers, ...more };
  return putBlob(layout, mediaTypes.ociManifest, JSON.stringify(manifest));
}

/** A descriptor as an entry that has a name. */
export function namedEntry(descriptor: object, name: string): object {
  return { ...descriptor, annotations: { "org.opencontainers.image.ref.name": name } };
}

const layerType = "application/vnd.oci.image.layer.v1.tar";

function writeOne(layout: string, index: number): OneOfMany {
  const name = `docker.io/library/app${index}:1`;
  // Five hundred bytes that differ, and no tar: nothing here unpacks them.
  const content = (seed: string) => createHash("shake256", { outputLength: 512 }).update(seed).digest();
  const own = putBlob(layout, layerType, content(`own ${index}`));
  const shared = putBlob(layout, layerType, content(`shared ${index % 10}`));
  const entry = namedEntry(putImage(layout, [shared, own]), name);
  return { name, entry, own: own.digest, shared: shared.digest };
}
