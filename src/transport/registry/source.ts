import type { ByteStream } from "../../bytes/byte-stream.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { type ImageName, printImageName } from "../../oci/image-name.js";
import type { ImageSource, ReferrersSource } from "../transport.js";
import { streamBlob } from "./blob-stream.js";
import type { RegistryClient } from "./client.js";
import { type FetchedManifest, fetchDescribed, fetchManifest, lookUp } from "./manifests.js";
import { listReferrers } from "./referrers.js";

/** An image of a registry, opened for reading. The root's manifest is fetched once. */
export class RegistrySource implements ImageSource, ReferrersSource {
  readonly name: string;
  readonly place: string;
  readonly #client: RegistryClient;
  readonly #image: ImageName;
  #root: Promise<FetchedManifest> | undefined;

  constructor(client: RegistryClient, image: ImageName) {
    this.name = `docker://${printImageName(image)}`;
    this.place = placeOf(image);
    this.#client = client;
    this.#image = image;
  }

  async resolve(): Promise<Descriptor> {
    this.#root ??= this.#fetchRoot();
    return (await this.#root).descriptor;
  }

  async manifest(descriptor: Descriptor): Promise<Uint8Array> {
    const root = await this.#root;
    const isRoot = root?.descriptor.digest === descriptor.digest && root.descriptor.size === descriptor.size;
    return isRoot ? root.bytes : await fetchDescribed(this.#client, descriptor);
  }

  blob(descriptor: Descriptor, from = 0): ByteStream {
    return streamBlob(this.#client, descriptor, from);
  }

  async referrers(subject: Digest, artifactType?: string): Promise<readonly Descriptor[]> {
    return await listReferrers(this.#client, subject, artifactType);
  }

  get retries(): number {
    return this.#client.options.retryTimes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
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
