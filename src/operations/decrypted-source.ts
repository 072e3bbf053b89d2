import { copy } from "../copy/copy.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { LayerTransform } from "../transform/layer-transform.js";
import { type AttachmentSource, attachmentsOf } from "../transport/attachments.js";
import type { ImageSource, ImageTarget } from "../transport/transport.js";

/**
 * What an image would be if it were opened by `transform`, written nowhere: every layer is read and checked, and only the
 * manifests are kept, in memory. What belongs to the image is what `source` keeps for the digests that it would have.
 * Throws what a copy throws, when no key decrypts it or its content is not what was encrypted.
 */
export async function decryptedSource(source: ImageSource, transform: LayerTransform): Promise<DecryptedSource> {
  const sink = new Sink(source.name);
  await copy(source, sink, { transform, referrers: false });
  const attached = attachmentsOf(source);
  const view = {
    name: source.name,
    place: source.place,
    resolve: async () => sink.root,
    manifest: async (descriptor: Descriptor) =>
      sink.manifests.get(descriptor.digest) ?? (await source.manifest(descriptor)),
    blob: (descriptor: Descriptor, from?: number) => source.blob(descriptor, from),
    async [Symbol.asyncDispose]() {},
  };
  if (!attached) return view;
  return {
    ...view,
    readPlaces: async () => await attached.readPlaces?.(),
    referrers: (subject, artifactType) => attached.referrers(subject, artifactType),
    digestTag: (subject, kind) => attached.digestTag(subject, kind),
    simpleSignatures: (subject) => attached.simpleSignatures(subject),
  };
}

/** A source that may know what belongs to its image. */
export type DecryptedSource = ImageSource & Partial<AttachmentSource>;

/** A target that keeps manifests alone. */
class Sink implements ImageTarget {
  readonly name: string;
  readonly place = "memory";
  readonly manifests = new Map<Digest, Uint8Array>();
  #root: Descriptor | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get root(): Descriptor {
    if (!this.#root) throw new Error("a copy ended without a commit");
    return this.#root;
  }

  /** Blobs that stay as they are are not needed; those that are opened have no digest yet, and are never asked about. */
  async has(): Promise<boolean> {
    return true;
  }

  async put({ bytes }: Parameters<ImageTarget["put"]>[0]): Promise<void> {
    const stream = bytes[Symbol.asyncIterator]();
    while (!(await stream.next()).done);
  }

  async putManifest({ digest }: Descriptor, bytes: Uint8Array): Promise<void> {
    this.manifests.set(digest, bytes);
  }

  async commit(root: Descriptor, bytes: Uint8Array): ReturnType<ImageTarget["commit"]> {
    this.manifests.set(root.digest, bytes);
    this.#root = root;
    return { removed: [], kept: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
