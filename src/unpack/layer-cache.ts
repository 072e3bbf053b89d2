import type { ByteStream } from "../bytes/byte-stream.js";
import type { Digest } from "../oci/digest.js";

/** What an entry is found by, and what protects it. */
export interface CacheKey {
  /** Of the layer as it is sealed. */
  readonly sealed: Digest;
  readonly diffId: Digest;
  /** The layer's own key: whoever can open the layer can open its entry, and nobody else. */
  readonly secret: Uint8Array;
}

/** Opened layers that are kept for the next time. */
export interface LayerCache {
  /** The entry of `key`, or what `open` yields, which becomes the entry when it has been read to its end. */
  through(key: CacheKey, open: () => ByteStream): ByteStream;
}
