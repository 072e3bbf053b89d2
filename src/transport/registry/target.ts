import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { type Digest, digestOf } from "../../oci/digest.js";
import { type ImageName, isTag, printImageName } from "../../oci/image-name.js";
import { parseManifest } from "../../oci/manifest.js";
import { mediaTypes } from "../../oci/media-type.js";
import type { CommitOptions, Committed, ImageSource, ImageTarget, TaggingTarget, Upload } from "../transport.js";
import { hasBlob, hasContent } from "./blobs.js";
import type { RegistryClient } from "./client.js";
import { storeManifest } from "./manifest-store.js";
import { fetchManifest, lookUp, pushScopes, type TagState } from "./manifests.js";
import { extendFallbackList, fallbackTag, referrerEntry } from "./referrers.js";
import { placeOf } from "./source.js";
import { uploadBlob } from "./upload.js";
import { cancelUpload, type MountRequest, startUpload, type UploadSession } from "./upload-session.js";

/** What a target insists on. */
export interface RegistryTargetOptions {
  /** Replace the tag even if it has moved since the target was opened. */
  readonly force: boolean;
  /** What the tag named when the target was opened; undefined when it named nothing. */
  readonly opened: TagState | undefined;
}

/** A repository being written. The tag moves in `commit` alone. */
export class RegistryTarget implements ImageTarget, TaggingTarget {
  readonly name: string;
  readonly place: string;
  readonly #client: RegistryClient;
  readonly #image: ImageName;
  readonly #options: RegistryTargetOptions;
  /** Uploads that a refused mount has begun, by digest. */
  readonly #begun = new Map<Digest, UploadSession>();

  constructor(client: RegistryClient, image: ImageName, options: RegistryTargetOptions) {
    this.name = `docker://${printImageName(image)}`;
    this.place = placeOf(image);
    this.#client = client;
    this.#image = image;
    this.#options = options;
  }

  async has(descriptor: Descriptor): Promise<boolean> {
    return await hasContent(this.#client, descriptor);
  }

  /** From another repository of the same registry, or from wherever this registry knows it (the anonymous form). */
  async mount(descriptor: Descriptor, source: Pick<ImageSource, "name" | "place">): Promise<boolean> {
    const prefix = `docker://${this.#image.host}/`;
    const from = source.place.startsWith(prefix) ? source.place.slice(prefix.length) : undefined;
    const started = await this.#tryMount({ digest: descriptor.digest, from });
    if (started === "mounted") return await hasBlob(this.#client, descriptor);
    if (started) this.#begun.set(descriptor.digest, started);
    return false;
  }

  async put(upload: Upload): Promise<void> {
    const begun = upload.digest && this.#begun.get(upload.digest);
    if (upload.digest) this.#begun.delete(upload.digest);
    await uploadBlob(this.#client, upload, begun);
  }

  async putManifest(descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
    await this.#store(descriptor.digest, descriptor, bytes);
  }

  /**
   * CONFLICT when the tag names something else than `expect`, or, without that, than it did when the target was opened.
   * A registry has no compare-and-swap: the tag is looked at directly before it is written, and read back after; what
   * another client does between the two is not noticed unless it is still there at the end.
   */
  async commit(root: Descriptor, bytes: Uint8Array, options: CommitOptions = {}): Promise<Committed> {
    const { tag, digest } = this.#image;
    if (digest !== undefined && digest !== root.digest) {
      throw new OciEncError("CONFLICT", `${this.name} asks for another digest than the image's ${root.digest}`, {
        hint: "name the target by its tag alone",
      });
    }
    if (tag === undefined) await this.#store(root.digest, root, bytes);
    else await this.#moveTag(tag, { root, bytes, expected: options.expect ?? this.#options.opened?.digest });
    const why = "a registry keeps blobs until its operator removes them";
    return { removed: [], kept: (options.obsolete ?? []).map((blob) => ({ blob, why })) };
  }

  async tag(tag: string, root: Descriptor, bytes: Uint8Array): Promise<void> {
    if (!isTag(tag)) throw new OciEncError("USAGE", `not a tag: ${JSON.stringify(tag.slice(0, 160))}`);
    await this.#store(tag, root, bytes);
    await this.#readBack(tag, root);
  }

  get retries(): number {
    return this.#client.options.retryTimes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#begun.values()].map((session) => cancelUpload(this.#client, session)));
    await this.#client[Symbol.asyncDispose]();
  }

  /** A token server may give nothing for the other repository: then it is asked for without naming it. */
  async #tryMount(mount: MountRequest): Promise<"mounted" | UploadSession | undefined> {
    try {
      const started = await startUpload(this.#client, mount);
      return started.kind === "mounted" ? "mounted" : started.session;
    } catch (error) {
      const refused = error instanceof OciEncError && ["DENIED", "NOT_FOUND", "UNSUPPORTED"].includes(error.code);
      if (!refused) throw error;
      return undefined; // The upload that follows says what is wrong, if it is not the mount alone.
    }
  }

  async #moveTag(tag: string, move: TagMove): Promise<void> {
    const { root, bytes, expected } = move;
    const now = await lookUp(this.#client, tag, pushScopes(this.#client));
    if (now?.digest === root.digest) return;
    if (!this.#options.force && now?.digest !== expected) {
      throw new OciEncError(
        "CONFLICT",
        `${this.name} moved meanwhile: it names ${now?.digest ?? "nothing"}, and not ${expected ?? "nothing"} as before`,
        {
          hint: "somebody else has written it: look, and start again, or use --force",
        },
      );
    }
    await this.#store(tag, root, bytes, this.#options.force ? undefined : (now ?? "absent"));
    await this.#readBack(tag, root);
  }

  async #readBack(tag: string, root: Descriptor): Promise<void> {
    const { descriptor } = await fetchManifest(this.#client, tag, pushScopes(this.#client));
    if (descriptor.digest === root.digest) return;
    throw new OciEncError(
      "CONFLICT",
      `the tag ${JSON.stringify(tag)} was written as ${root.digest}, and then named ${descriptor.digest}`,
      {
        hint: "somebody else wrote it at the same time, or the registry changes what it is given",
      },
    );
  }

  /** Where the registry does not say that it lists the manifest among its subject's referrers, we keep the list. */
  async #store(
    reference: string,
    descriptor: Descriptor,
    bytes: Uint8Array,
    before?: TagState | "absent",
  ): Promise<void> {
    const answer = await storeManifest(this.#client, { reference, descriptor, bytes, before });
    const view = parseManifest(bytes, descriptor.mediaType);
    if (view.kind !== "manifest" || !view.subject || answer.subject === view.subject.digest) return;
    const list = await extendFallbackList(this.#client, view.subject.digest, referrerEntry(descriptor, view));
    if (list === undefined) return;
    const listed = Buffer.from(list);
    const index = { mediaType: mediaTypes.ociIndex, digest: digestOf(listed), size: listed.length };
    await storeManifest(this.#client, {
      reference: fallbackTag(view.subject.digest),
      descriptor: index,
      bytes: listed,
    });
  }
}

interface TagMove {
  readonly root: Descriptor;
  readonly bytes: Uint8Array;
  readonly expected: Digest | undefined;
}
