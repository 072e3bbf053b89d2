import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { type ImageName, isTag, printImageName } from "../../oci/image-name.js";
import { parseManifest } from "../../oci/manifest.js";
import { listedReferrer, subjectOf } from "../../oci/referrer.js";
import type { AttachedManifest, AttachmentTarget, DigestTagKind } from "../attachments.js";
import type { CommitOptions, Committed, ImageSource, ImageTarget, TaggingTarget, Upload } from "../transport.js";
import type { AttachmentStores } from "./attachments/attachment-stores.js";
import { RegistryAttachments } from "./attachments/pending-attachments.js";
import { hasBlob, hasContent } from "./blobs/blobs.js";
import { uploadBlob } from "./blobs/upload.js";
import { cancelUpload, type MountRequest, startUpload, type UploadSession } from "./blobs/upload-session.js";
import type { RegistryClient } from "./client.js";
import { storeManifest } from "./manifest-store.js";
import { fetchManifest, lookUp, pushScopes, type TagState } from "./manifests.js";
import { placeOf } from "./source.js";

/** What a target insists on. */
export interface RegistryTargetOptions {
  /** Replace the tag even if it has moved since the target was opened. */
  readonly force: boolean;
  /** What the tag named when the target was opened; undefined when it named nothing. */
  readonly opened: TagState | undefined;
  readonly places: AttachmentStores;
}

/** A repository being written. The tag moves, and attachments show, in `commit` alone. */
export class RegistryTarget implements ImageTarget, TaggingTarget, AttachmentTarget {
  readonly name: string;
  readonly place: string;
  readonly #client: RegistryClient;
  readonly #image: ImageName;
  readonly #options: RegistryTargetOptions;
  /** Uploads that a refused mount has begun, by digest. */
  readonly #begun = new Map<Digest, UploadSession>();
  readonly #pending: RegistryAttachments;

  constructor(client: RegistryClient, image: ImageName, options: RegistryTargetOptions) {
    this.name = `docker://${printImageName(image)}`;
    this.place = placeOf(image);
    this.#client = client;
    this.#image = image;
    this.#options = options;
    this.#pending = new RegistryAttachments(client, options.places);
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

  async putReferrer(subject: Digest, referrer: Descriptor, bytes: Uint8Array): Promise<void> {
    this.#pending.addReferrer(subject, referrer, bytes);
  }

  async putDigestTag(subject: Digest, kind: DigestTagKind, attached: AttachedManifest): Promise<void> {
    await this.#pending.addDigestTag(subject, kind, attached);
  }

  async addSimpleSignature(subject: Digest, signature: Uint8Array): Promise<void> {
    this.#pending.addSignature(subject, signature);
  }

  /**
   * CONFLICT when the tag names something else than `expect`, or, without that, than it did when the target was opened.
   * A registry has no compare-and-swap: the tag is looked at directly before it is written, and read back after; what
   * another client does between the two is not noticed unless it is still there at the end. With attachments, the image
   * is there by its digest before they are, and is not written again where the tag names it already.
   */
  async commit(root: Descriptor, bytes: Uint8Array, options: CommitOptions = {}): Promise<Committed> {
    const { tag, digest } = this.#image;
    if (digest !== undefined && digest !== root.digest) {
      throw new OciEncError("CONFLICT", `${this.name} asks for another digest than the image's ${root.digest}`, {
        hint: "name the target by its tag alone",
      });
    }
    const move = { root, bytes, expected: options.expect ?? this.#options.opened?.digest };
    if (tag === undefined || !this.#pending.isEmpty || subjectOf(parseManifest(bytes, root.mediaType)) !== undefined) {
      await this.#attach(tag, move);
    }
    if (tag !== undefined) await this.#moveTag(tag, move);
    const why = "a registry keeps blobs until its operator removes them";
    return { removed: [], kept: (options.obsolete ?? []).map((blob) => ({ blob, why })) };
  }

  async tag(tag: string, root: Descriptor, bytes: Uint8Array): Promise<void> {
    if (!isTag(tag)) throw new OciEncError("USAGE", `not a tag: ${JSON.stringify(tag.slice(0, 160))}`);
    await storeManifest(this.#client, { reference: tag, descriptor: root, bytes });
    await this.#readBack(tag, { root, bytes });
  }

  get retries(): number {
    return this.#client.options.retryTimes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#begun.values()].map((session) => cancelUpload(this.#client, session)));
    await this.#options.places[Symbol.asyncDispose]();
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

  /** All but the tag: what is attached by its digest, then the image by its own, then what makes the attachments found. */
  async #attach(tag: string | undefined, move: TagMove): Promise<void> {
    const { root, bytes } = move;
    const now = await lookUp(this.#client, tag ?? root.digest, pushScopes(this.#client));
    if (tag !== undefined) this.#requireUnmoved(now, move);
    await this.#pending.stage();
    if (now?.digest !== root.digest) await this.#store(root.digest, root, bytes);
    await this.#pending.publish();
  }

  async #moveTag(tag: string, move: TagMove): Promise<void> {
    const { root, bytes } = move;
    const now = await lookUp(this.#client, tag, pushScopes(this.#client));
    if (now?.digest === root.digest) return;
    this.#requireUnmoved(now, move);
    const before = this.#options.force ? undefined : (now ?? "absent");
    await storeManifest(this.#client, { reference: tag, descriptor: root, bytes, before });
    await this.#readBack(tag, { root, bytes });
  }

  #requireUnmoved(now: TagState | undefined, { root, expected }: TagMove): void {
    if (this.#options.force || now?.digest === expected || now?.digest === root.digest) return;
    throw new OciEncError(
      "CONFLICT",
      `${this.name} moved meanwhile: from ${expected ?? "nothing"} to ${now?.digest ?? "nothing"}`,
      {
        hint: "another writer has changed it: look at it, and start again, or use --force",
      },
    );
  }

  /** Compares bytes, as the registry and `root` may name them by different algorithms. */
  async #readBack(tag: string, { root, bytes }: Pick<TagMove, "root" | "bytes">): Promise<void> {
    const { descriptor, bytes: found } = await fetchManifest(this.#client, tag, pushScopes(this.#client));
    if (Buffer.compare(found, bytes) === 0) return;
    throw new OciEncError(
      "CONFLICT",
      `the tag ${JSON.stringify(tag)} was written as ${root.digest}, and then named ${descriptor.digest}`,
      {
        hint: "another writer changed it at the same time, or the registry changes what it is given",
      },
    );
  }

  /** Where the registry does not say that it lists the manifest among its subject's referrers, the commit will. */
  async #store(reference: string, descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
    const answer = await storeManifest(this.#client, { reference, descriptor, bytes });
    const view = parseManifest(bytes, descriptor.mediaType);
    const subject = subjectOf(view)?.digest;
    if (subject === undefined || (await this.#pending.isListed(subject, answer))) return;
    this.#pending.addUnlisted(subject, listedReferrer(descriptor, view));
  }
}

interface TagMove {
  readonly root: Descriptor;
  readonly bytes: Uint8Array;
  readonly expected: Digest | undefined;
}
