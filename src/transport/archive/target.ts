import { abortable } from "../../bytes/abortable.js";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { verifying } from "../../bytes/verifying.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest } from "../../oci/digest.js";
import { manifestLimit } from "../../oci/manifest.js";
import { mediaTypes } from "../../oci/media-type.js";
import { type ArchiveOutput, openOutput } from "../../tar/archive-output.js";
import { standardStream } from "../../tar/open-archive.js";
import { entryTime, type TarRegion, TarWriter } from "../../tar/tar-writer.js";
import type { AttachedManifest, AttachmentTarget, DigestTagKind } from "../attachments.js";
import { decryptedMode } from "../decrypted-mode.js";
import { blobPath } from "../layout/blob-file.js";
import { withAttachments } from "../layout/index/attachment-entry.js";
import { type IndexEntry, indexEntry, indexName } from "../layout/index/index-json.js";
import { LayoutAttachments } from "../layout/index/pending-attachments.js";
import { markerName, markerText } from "../layout/layout-directory.js";
import { walkImage } from "../layout/removal/walk.js";
import { isNondistributable } from "../nondistributable.js";
import type { CommitOptions, Committed, EndpointOptions, ImageTarget, Upload } from "../transport.js";
import { type ArchiveTargetOptions, nameInPlace, Previous } from "./previous.js";

/**
 * Starts a new archive. CONFLICT when the file is there and neither `force` nor an edit in place allows to replace it, or
 * when an edit in place would lose other images. Other codes as those of `openOutput`.
 */
export async function openArchiveTarget(
  options: Omit<ArchiveTargetOptions, "replace" | "sameFile">,
  endpoint: EndpointOptions,
): Promise<ImageTarget & AttachmentTarget> {
  const inPlace = endpoint.inPlaceOf === options.name && options.path !== standardStream;
  const { name: imageName, fullName } = inPlace ? await nameInPlace(options, endpoint) : { name: options.imageName };
  const { place } = options;
  const from = endpoint.inPlaceOf ?? "";
  const sameFile = from === place || from.startsWith(`${place}:`) || from.startsWith(`${place}@`);
  const replace = inPlace || (endpoint.force ?? false);
  const output = await openOutput(options.path, { ...endpoint, replace });
  try {
    const writer = new TarWriter(output.file, entryTime());
    await writer.addFile(markerName, Buffer.from(markerText));
    return new ArchiveTarget({ ...options, imageName, fullName, replace, sameFile }, { output, writer, endpoint });
  } catch (error) {
    await output[Symbol.asyncDispose]();
    throw error;
  }
}

interface Work {
  readonly output: ArchiveOutput;
  readonly writer: TarWriter;
  readonly endpoint: EndpointOptions;
}

/** The archive is always written anew; what the copy leaves where it is, is carried over from the one to be replaced. */
class ArchiveTarget implements ImageTarget, AttachmentTarget {
  readonly name: string;
  readonly place: string;
  readonly #options: ArchiveTargetOptions;
  readonly #work: Work;
  readonly #written = new Map<Digest, TarRegion>();
  readonly #attachments = new LayoutAttachments();
  /** Whether anything came in that was encrypted where it came from. */
  #decrypted = false;

  constructor(options: ArchiveTargetOptions, work: Work) {
    this.name = options.name;
    this.place = options.place;
    this.#options = options;
    this.#work = work;
  }

  async has({ digest, size }: Descriptor): Promise<boolean> {
    return this.#written.get(digest)?.size === size;
  }

  async put({ bytes, size, digest, decrypted, sum }: Upload): Promise<void> {
    this.#decrypted ||= decrypted === true;
    const longName = digest === undefined || algorithmOf(digest) === "sha512";
    await this.#keep(await this.#work.writer.add({ bytes, size, longName }), sum().digest);
  }

  async putManifest({ digest }: Pick<Descriptor, "digest">, bytes: Uint8Array): Promise<void> {
    if (this.#written.has(digest)) return;
    const content = { bytes: once(bytes), size: bytes.length, longName: algorithmOf(digest) === "sha512" };
    await this.#keep(await this.#work.writer.add(content), digest);
  }

  async putReferrer(_subject: Digest, referrer: Descriptor, bytes: Uint8Array): Promise<void> {
    await this.putManifest(referrer, bytes);
    this.#attachments.addReferrer(referrer);
  }

  async putDigestTag(subject: Digest, kind: DigestTagKind, attached: AttachedManifest): Promise<void> {
    this.#attachments.addDigestTag(subject, kind, attached);
  }

  async addSimpleSignature(subject: Digest, signature: Uint8Array): Promise<void> {
    this.#attachments.addMessage(subject, signature);
  }

  async commit(root: Descriptor, bytes: Uint8Array, options: CommitOptions = {}): Promise<Committed> {
    const { output, writer } = this.#work;
    await this.putManifest(root, bytes);
    await using previous = new Previous(this.#options, this.#work.endpoint);
    if (options.expect) await previous.expect(options.expect);
    const before = await previous.attached();
    const fresh = await this.#attachments.entries({
      before,
      root,
      content: (digest) => this.#content(digest, previous),
      keep: (digest, small) => this.putManifest({ digest }, small),
    });
    const entries = withAttachments(
      [indexEntry(root, this.#options.imageName, this.#options.fullName), ...before],
      fresh,
    );
    const absent = new Set(options.absent);
    for (const { descriptor } of entries) await this.#carryOver(descriptor, previous, absent);
    await writer.addFile(indexName, Buffer.from(indexOf(entries)));
    await output.deliver(await writer.finish(), decryptedMode({ decrypted: this.#decrypted }, this.#work.endpoint));
    return this.#account(options.obsolete ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work.output[Symbol.asyncDispose]();
  }

  async #keep(region: TarRegion, digest: Digest): Promise<void> {
    const { writer } = this.#work;
    if (this.#written.has(digest)) return writer.drop(region);
    this.#written.set(digest, region);
    try {
      await writer.name(region, blobPath(digest));
    } catch (error) {
      this.#written.delete(digest);
      throw error;
    }
  }

  /** Everything that the image names is in the archive afterwards. CONFLICT when it is nowhere, and may not be absent. */
  async #carryOver(root: Descriptor, previous: Previous, absent: ReadonlySet<Digest>): Promise<void> {
    const { signal } = this.#work.endpoint;
    for await (const { descriptor, role } of walkImage(root, (manifest) => this.#read(manifest, previous, absent))) {
      if (role === "subject" || this.#written.has(descriptor.digest)) continue;
      const source = await previous.holding(descriptor);
      if (!source && (isNondistributable(descriptor) || absent.has(descriptor.digest))) continue;
      const kept = verifying((source ?? this.#lack(descriptor)).blob(descriptor), descriptor);
      const bytes = signal ? abortable(kept, signal) : kept;
      await this.put({ bytes, size: descriptor.size, digest: descriptor.digest, sum: () => descriptor });
    }
  }

  async #read(manifest: Descriptor, previous: Previous, absent: ReadonlySet<Digest>): Promise<Uint8Array | undefined> {
    const region = this.#written.get(manifest.digest);
    if (region) return await this.#work.output.file.read(region.size, region.contentStart);
    const source = await previous.holding(manifest);
    if (!source && absent.has(manifest.digest)) return undefined;
    return await (source ?? this.#lack(manifest)).manifest(manifest);
  }

  async #content(digest: Digest, previous: Previous): Promise<Uint8Array | undefined> {
    const region = this.#written.get(digest);
    if (!region) return await previous.content(digest);
    return await this.#work.output.file.read(Math.min(region.size, manifestLimit + 1), region.contentStart);
  }

  #lack({ digest }: Descriptor): never {
    throw new OciEncError("CONFLICT", `the image needs the blob ${digest}, which was not written to ${this.name}`);
  }

  #account(obsolete: readonly Descriptor[]): Committed {
    const blobs = [...new Map(obsolete.map((blob) => [blob.digest, blob])).values()];
    const stays = (blob: Descriptor) => this.#written.has(blob.digest);
    const why = "the image still names it";
    return {
      removed: blobs.filter((blob) => !stays(blob)),
      kept: blobs.filter(stays).map((blob) => ({ blob, why })),
    };
  }
}

/** Entries that were there stay as their text is. */
function indexOf(entries: readonly IndexEntry[]): string {
  const around = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
  return JSON.stringify(around).replace("[]", () => `[${entries.map(({ text }) => text).join(",")}]`);
}

async function* once(bytes: Uint8Array): ByteStream {
  yield bytes;
}
