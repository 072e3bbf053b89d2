import { gzipSync } from "node:zlib";
import { digestOf } from "../../../src/oci/digest.js";
import type { ImageSource } from "../../../src/transport/transport.js";
import { type GivenEntry, packTar } from "../bytes/tar-file.js";
import { addImage, MemoryPlace } from "./memory-image.js";

/** A layer as its members, or as the bytes of its archive. */
export type GivenLayer = readonly GivenEntry[] | Uint8Array;

/** What else an image may say. */
export interface LayeredOptions {
  readonly config?: object;
  readonly gzip?: boolean;
  /** Default: the true ones. */
  readonly diffIds?: readonly string[];
}

/** An image in memory whose layers hold these members, from the bottom up. */
export async function layeredImage(
  layers: readonly GivenLayer[],
  { config = {}, gzip = false, diffIds }: LayeredOptions = {},
): Promise<ImageSource> {
  const place = new MemoryPlace();
  const archives = await Promise.all(layers.map((layer) => (layer instanceof Uint8Array ? layer : packTar(layer))));
  const root = addImage(place, {
    layers: archives.map((bytes) => ({
      mediaType: `application/vnd.oci.image.layer.v1.tar${gzip ? "+gzip" : ""}`,
      bytes: gzip ? gzipSync(bytes) : bytes,
    })),
    diffIds: diffIds ?? archives.map((bytes) => digestOf(bytes)),
    config,
  });
  place.names.set("memory:image", root);
  return place.source("memory:image");
}
