import { randomBytes } from "node:crypto";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { addImage, MemoryPlace } from "../images/memory-image.js";
import type { StrictRegistry } from "./strict/strict-registry.js";

/** An image that a strict registry holds. */
export interface HostedImage {
  readonly place: MemoryPlace;
  readonly root: Descriptor;
  /** Its layers, of the sizes asked for. */
  readonly layers: readonly Descriptor[];
}

/** Puts an image with random layers into a registry, without a request. */
export function hostImage(
  server: StrictRegistry,
  name = "app:1",
  sizes: readonly number[] = [200_000, 10],
): HostedImage {
  const [repository = "", tag = ""] = name.split(":");
  const { place, root, layers } = randomImage(sizes);
  const stored = server.repository(repository);
  for (const [digest, bytes] of place.blobs) {
    if (digest === root.digest) stored.manifests.set(digest, { type: root.mediaType, bytes: Buffer.from(bytes) });
    else stored.blobs.set(digest, Buffer.from(bytes));
  }
  stored.tags.set(tag, root.digest);
  return { place, root, layers };
}

/** An image in memory, named `app`. */
export function randomImage(sizes: readonly number[] = [200_000, 10]): HostedImage {
  const place = new MemoryPlace();
  const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
  const contents = sizes.map((size) => ({ mediaType, bytes: randomBytes(size) }));
  const root = addImage(place, { layers: contents });
  place.names.set("app", root);
  return {
    place,
    root,
    layers: contents.map(({ bytes }) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })),
  };
}

/** Puts a document of any kind under a tag. */
export function hostDocument(server: StrictRegistry, tag: string, document: unknown, type: string): Descriptor {
  const bytes =
    document instanceof Uint8Array
      ? Buffer.from(document)
      : Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  const digest = digestOf(bytes);
  const stored = server.repository("app");
  stored.manifests.set(digest, { type, bytes });
  stored.tags.set(tag, digest);
  return { mediaType: type, digest, size: bytes.length };
}
