import type { ByteStream } from "../../bytes/byte-stream.js";
import { memoized } from "../../bytes/memoized.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { type ImageName, printImageName } from "../../oci/image-name.js";
import type { AttachmentSource, DigestTagKind } from "../attachments.js";
import type { ImageSource } from "../transport.js";
import type { AttachmentStores } from "./attachments/attachment-stores.js";
import { findDigestTag } from "./attachments/digest-tags.js";
import { listReferrers } from "./attachments/list-referrers.js";
import { streamBlob } from "./blobs/blob-stream.js";
import type { RegistryClient } from "./client.js";
import { type FetchedManifest, fetchDescribed, fetchManifest, lookUp } from "./manifests.js";

/** An image of a registry, opened for reading. The root's manifest is fetched once. */
export class RegistrySource implements ImageSource, AttachmentSource {
  readonly name: string;
  readonly place: string;
  readonly #client: RegistryClient;
  readonly #image: ImageName;
  readonly #places: AttachmentStores;
  /** What is in another repository than the image. */
  readonly #elsewhere = new Map<Digest, RegistryClient>();
  readonly #root = memoized(() => this.#fetchRoot());

  constructor(client: RegistryClient, image: ImageName, places: AttachmentStores) {
    this.name = `docker://${printImageName(image)}`;
    this.place = placeOf(image);
    this.#client = client;
    this.#image = image;
    this.#places = places;
  }

  async resolve(): Promise<Descriptor> {
    return (await this.#root()).descriptor;
  }

  async manifest(descriptor: Descriptor): Promise<Uint8Array> {
    const root = await this.#root.begun();
    const isRoot = root?.descriptor.digest === descriptor.digest && root.descriptor.size === descriptor.size;
    return isRoot ? root.bytes : await fetchDescribed(this.#clientFor(descriptor), descriptor);
  }

  blob(descriptor: Descriptor, from = 0): ByteStream {
    return streamBlob(this.#clientFor(descriptor), descriptor, from);
  }

  async readPlaces(): Promise<void> {
    await this.#places.attachments();
  }

  async referrers(subject: Digest, artifactType?: string): Promise<readonly Descriptor[]> {
    return await listReferrers(this.#client, subject, artifactType);
  }

  /** Where registries.d says that `.sig` tags are not to be used, there are none. */
  async digestTag(subject: Digest, kind: DigestTagKind): Promise<Descriptor | undefined> {
    if (kind === "sig" && (await this.#places.attachments()) === false) return undefined;
    const client = await this.#places.tags();
    const found = await findDigestTag(client, subject, kind);
    if (found && client !== this.#client) {
      const { descriptor, manifest } = found;
      for (const { digest } of [descriptor, manifest.config, ...manifest.layers]) this.#elsewhere.set(digest, client);
    }
    return found?.descriptor;
  }

  async simpleSignatures(subject: Digest): Promise<readonly Uint8Array[]> {
    return await (await this.#places.signatures()).list(subject);
  }

  get retries(): number {
    return this.#client.options.retryTimes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#places[Symbol.asyncDispose]();
    await this.#client[Symbol.asyncDispose]();
  }

  #clientFor({ digest }: Descriptor): RegistryClient {
    return this.#elsewhere.get(digest) ?? this.#client;
  }

  /** With both, the digest counts, as it does for docker; that the tag has moved on is said. */
  async #fetchRoot(): Promise<FetchedManifest> {
    const { tag, digest } = this.#image;
    const root = await fetchManifest(this.#client, digest ?? tag ?? "latest");
    if (tag === undefined || digest === undefined) return root;
    const named = await lookUp(this.#client, tag);
    if (named?.digest !== digest) {
      const message = `the tag of ${this.name} names ${named?.digest ?? "nothing"} by now; the digest is what counts`;
      this.#client.options.progress?.({ type: "warning", code: "TAG_DIFFERS", message });
    }
    return root;
  }
}

/** Where an image's blobs live: its repository. */
export function placeOf(image: ImageName): string {
  return `docker://${image.host}/${image.repository}`;
}
