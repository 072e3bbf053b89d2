import type { ByteStream } from "../bytes/byte-stream.js";
import type { ContentId, Descriptor } from "../oci/descriptor.js";
import type { Digest, DigestAlgorithm } from "../oci/digest.js";
import { type Platform, printPlatform } from "../oci/platform.js";

/** Where a layer stands in the image that is being planned. */
export interface LayerContext {
  readonly index: number;
  readonly count: number;
  readonly platform: Platform | undefined;
  /** Of the uncompressed layer, as the image's config has it; undefined where there is none. */
  readonly diffId: Digest | undefined;
}

/** The manifest whose layers are about to be asked about. */
export interface ManifestContext {
  readonly descriptor: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly platform: Platform | undefined;
  /** The image's config as it is in the source; undefined when it is not an image config. */
  readonly config: Uint8Array | undefined;
}

/** What an operation does to an image, layer by layer. The engine asks while planning; no layer has been read then. */
export interface LayerTransform {
  /** False: the images' configs need not be read for it, and diff ids are not known then. */
  readonly configs?: boolean;
  /** True: it gives the image a digest that nobody can have signed. Absent: it may bring back a signed one, as decrypting does. */
  readonly invalidatesSignatures?: boolean;
  /** Once for each chosen manifest, before its layers. May warn; throws when the image cannot be taken. */
  manifest?(context: ManifestContext): Promise<void>;
  /** Of every layer, from its descriptor alone. */
  layer(layer: Descriptor, context: LayerContext): Promise<LayerChange>;
  /** Told of what an index lists and that is not a manifest: a transform cannot change it. May warn. Absent: it does not matter. */
  entry?(descriptor: Descriptor): void;
  /** Of a manifest that describes another one of the same index (BuildKit's attestations); absent: they are kept. */
  attestation?(manifest: Descriptor): "keep" | "drop";
  /** Once, when every layer has been asked about. Throws when what was wanted matched nothing. */
  planned?(): void;
}

/** A layer's descriptor before and after; the engine applies it to every place that names the layer. */
export type Relabel = (layer: Descriptor) => Descriptor;

/** Why a layer stays as it is in an image that is being encrypted. */
export type KeptWhy =
  | "not chosen"
  | "encrypted already"
  | "nondistributable"
  | "unknown type"
  | "other platform"
  | "attestation";

/** What will become of one layer. */
export type LayerChange =
  | { readonly kind: "keep"; readonly why?: KeptWhy | undefined }
  /** Same bytes under another descriptor: recipients added or taken away. */
  | { readonly kind: "relabel"; readonly relabel: Relabel }
  | Reuse
  | Rewrite;

/** `pinned`, `admitted`: who vouches for the previous image. `compared`: the blob was decrypted and compared. */
export type ReuseGround = "pinned" | "admitted" | "compared";

/** A blob that exists already in place of the layer's own: a previous encrypted form of the same content. */
export interface Reuse {
  readonly kind: "reuse";
  readonly blob: Descriptor;
  /** Where the blob is read from, unless the target has it. */
  readonly origin: BlobOrigin;
  /** Why it is known to hold the same. */
  readonly known: ReuseGround;
  readonly relabel: Relabel;
}

/** A place that blobs can be taken from; every image source is one. */
export interface BlobOrigin {
  readonly name: string;
  readonly place: string;
  /** Raw bytes from offset `from` on, unchecked. */
  blob(descriptor: Descriptor, from?: number): ByteStream;
}

/** Other bytes. */
export interface Rewrite {
  readonly kind: "rewrite";
  /** What the layer becomes, for plans and reports. */
  readonly action: "encrypt" | "decrypt" | "rekey";
  /** Two layers of one digest with the same merge key are rewritten once. */
  readonly merge: string;
  /** Bytes that will come out. */
  readonly size: number;
  /** The layer renamed as far as it is known by now, as long as it will be: for what depends on the manifest's size. */
  readonly estimate?: Relabel | undefined;
  /** With which algorithm the new blob is named. */
  readonly algorithm: DigestAlgorithm;
  /** May be called again for a retry, and begins anew each time. `again` reads the source's bytes once more. */
  start(bytes: ByteStream, again: () => ByteStream): LayerRun;
}

/** One run of a rewrite. */
export interface LayerRun {
  readonly bytes: ByteStream;
  /** How to rename the layer, once the bytes are stored. May refuse them still, and then nothing names them. */
  describe(stored: ContentId): Promise<Relabel>;
}

/** A layer as messages name it: `layer 2 of linux/amd64 (sha256:…)`. */
export function layerName(layer: Descriptor, { index, platform }: Pick<LayerContext, "index" | "platform">): string {
  return `layer ${index}${platform ? ` of ${printPlatform(platform)}` : ""} (${layer.digest})`;
}
