import type { ByteStream } from "../bytes/byte-stream.js";
import type { Digest } from "../oci/digest.js";
import type { LayerOptions, PublicOptions } from "./layer-options.js";

/** One way of turning a layer's bytes into others, and back: a file in `ciphers/` and an entry in its index. */
export interface BlockCipher {
  /** As written in the public options. */
  readonly id: string;
  /** How long the other form will be, known before the first byte is read. */
  sealedSize(openSize: number): number;
  openSize(sealedSize: number): number;
  /**
   * Seals with a key and nonce made for this call alone.
   */
  seal(plain: PlainLayer): Sealing;
  /**
   * Whether the layer was sealed as the content of that diff id, by which it cannot stand in another's place. False, too,
   * where its writer bound it to none.
   */
  isBoundTo(options: LayerOptions, diffId: Digest): boolean;
  /** Options of the lengths that those of an encrypted layer have, for estimates. They decrypt nothing. */
  sampleOptions(digest: Digest): LayerOptions;
  /** Checks what is readable without a key. CORRUPT when the HMAC has a wrong length. */
  checkPublic(options: PublicOptions): void;
  /** Checks options before any byte is read. CORRUPT when a key, nonce or HMAC has a wrong length, or nonces differ. */
  check(options: LayerOptions): void;
  /**
   * Yields the plain bytes, and withholds the tail (10 KiB or more, or all of a shorter layer) until the whole has
   * been authenticated. CORRUPT inside the stream when it has not.
   *
   * @param otherHmacs under the same key, of which one will do: asked for when that of the options does not match
   */
  open(
    bytes: ByteStream,
    options: LayerOptions,
    size: number,
    otherHmacs?: () => AsyncIterable<Uint8Array>,
  ): ByteStream;
  /** The plain form of a layer's first bytes, for a guess at what it is: nothing has authenticated them. */
  openStart(start: Uint8Array, options: LayerOptions): Uint8Array;
}

/** What is to be sealed. */
export interface PlainLayer {
  readonly bytes: ByteStream;
  /** As far as known; only speed depends on it. */
  readonly size: number;
  /** What the image's config says that it is when it is decompressed; undefined where there is no such word. */
  readonly diffId?: Digest | undefined;
}

/** A layer that is being encrypted. */
export interface Sealing {
  readonly bytes: ByteStream;
  /** Throws a plain Error until `bytes` has been drained. `digest` is that of the plain layer. */
  options(digest: Digest): LayerOptions;
}
