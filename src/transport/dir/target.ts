import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError } from "../../errors.js";
import { removeAbandonedDrafts } from "../../files/abandoned-drafts.js";
import { createDraft, syncDirectory, writeDurably } from "../../files/durable-file.js";
import { makeDirectory } from "../../files/make-directory.js";
import { draftPrefix } from "../../files/maker-mark.js";
import { readSmallFile } from "../../files/read-file.js";
import type { WritableFile } from "../../files/write-file.js";
import type { ContentId, Descriptor } from "../../oci/descriptor.js";
import { type Digest, digestOf } from "../../oci/digest.js";
import { checkContent, type ManifestView, manifestLimit, parseManifest } from "../../oci/manifest.js";
import { printSigstoreFile } from "../../oci/sigstore-json-file.js";
import type { Progress } from "../../progress.js";
import { type AttachedManifest, type AttachmentTarget, type DigestTagKind, signatureLimits } from "../attachments.js";
import { decryptedMode } from "../decrypted-mode.js";
import { walkImage } from "../layout/removal/walk.js";
import { isNondistributable } from "../nondistributable.js";
import type { CommitOptions, Committed, EndpointOptions, ImageTarget, KeptBlob, Upload } from "../transport.js";
import {
  belongsHere,
  blobName,
  isChildManifest,
  isSignature,
  manifestName,
  rootName,
  versionName,
  versionText,
} from "./dir-files.js";
import { isFile, lookInto, removeWhileEmpty } from "./directory.js";
import { PendingSignatures } from "./pending-signatures.js";
import { settleDirectory, type WrittenChange, writeChange } from "./removal-record.js";
import { StagedFiles } from "./staged-files.js";

/** Makes the directory where it is absent. CONFLICT when it holds anything that may not be replaced; LOCAL_IO. */
export async function openDirTarget(
  directory: string,
  options: EndpointOptions,
): Promise<ImageTarget & AttachmentTarget> {
  const name = `dir:${directory}`;
  const before = await lookInto(directory);
  const allowed = options.force === true || options.inPlaceOf === name || isUnfinished(before ?? []);
  if (!allowed) {
    throw new OciEncError("CONFLICT", `${JSON.stringify(directory)} is not empty`, {
      hint: "choose another directory, or replace the image in it with --force",
    });
  }
  const made = before ? undefined : await makeDirectory(directory);
  const { plainMode, progress = () => {} } = options;
  if (options.dryRun !== true) {
    await settleDirectory(directory, progress);
    await removeAbandonedDrafts(directory, progress);
  }
  return new DirTarget(name, directory, { made, inPlace: options.inPlaceOf === name, plainMode, progress });
}

interface Situation {
  /** The topmost directory that was made for this. It goes again when nothing is committed. */
  readonly made: string | undefined;
  readonly inPlace: boolean;
  readonly plainMode: number | undefined;
  readonly progress: Progress;
}

class DirTarget implements ImageTarget, AttachmentTarget {
  readonly name: string;
  readonly place: string;
  readonly #directory: string;
  readonly #situation: Situation;
  readonly #staged: StagedFiles;
  /** Files made here, which go again when nothing is committed. */
  readonly #made = new Set<string>();
  readonly #signatures = new PendingSignatures();
  /** Blobs that came for signatures; their content goes into the files of those. */
  readonly #payloads = new Set<string>();
  #change: WrittenChange | undefined;
  #committed = false;

  constructor(name: string, directory: string, situation: Situation) {
    this.name = name;
    this.place = name;
    this.#directory = directory;
    this.#situation = situation;
    this.#staged = new StagedFiles(directory);
  }

  /** A file gets its name only when it is whole, so its size is all that is looked at. */
  async has({ digest, size }: ContentId): Promise<boolean> {
    return (await this.#staged.sizeOf(blobName(digest))) === size;
  }

  /** What passes unchanged gets its name at once, and a copy that is killed need not bring it again. */
  async put(upload: Upload): Promise<void> {
    const { bytes, digest, sum } = upload;
    const write = async (file: WritableFile) => {
      await file.fill(bytes);
      return blobName(sum().digest);
    };
    const mode = decryptedMode(upload, this.#situation);
    if (digest === undefined) return await this.#staged.add(write, mode);
    await using draft = await createDraft(this.#directory);
    const name = await write(draft);
    await this.#noteNew(name);
    await draft.publish(join(this.#directory, name), mode);
  }

  async putManifest({ digest }: Descriptor, bytes: Uint8Array): Promise<void> {
    await this.#staged.add(async (file) => {
      await file.write(bytes, 0);
      return manifestName(digest);
    });
  }

  /** There are files for signatures alone. */
  takes(kind: "referrer" | DigestTagKind): boolean {
    return kind === "sig";
  }

  async putReferrer(_subject: Digest, referrer: Descriptor, bytes: Uint8Array): Promise<void> {
    this.#drop(referrer, parseManifest(bytes, referrer.mediaType));
  }

  async putDigestTag(subject: Digest, kind: DigestTagKind, { descriptor, bytes }: AttachedManifest): Promise<void> {
    const view = parseManifest(bytes, descriptor.mediaType);
    if (kind !== "sig" || view.kind === "index") return this.#drop(descriptor, view);
    for (const layer of view.layers) {
      const payload = await this.#payload(layer);
      this.#signatures.add(
        subject,
        printSigstoreFile({ mimeType: layer.mediaType, payload, annotations: layer.annotations ?? {} }),
      );
    }
  }

  async addSimpleSignature(subject: Digest, signature: Uint8Array): Promise<void> {
    this.#signatures.add(subject, signature);
  }

  /** `writeDurably` makes every name in the directory durable, so the blobs are safe before `manifest.json` is there. */
  async commit(root: Descriptor, bytes: Uint8Array, options: CommitOptions = {}): Promise<Committed> {
    if (options.expect) await this.#expect(options.expect);
    const needed = await this.#needed(root, bytes, new Set(options.absent));
    const before = this.#situation.inPlace ? await this.#rootDigest() : undefined;
    const signatures = await this.#signatures.files(this.#directory, { before, now: root.digest });
    for (const name of signatures.keys()) needed.add(name);
    const obsolete = new Set(
      this.#situation.inPlace ? (options.obsolete ?? []).map(({ digest }) => blobName(digest)) : [],
    );
    const goes = (name: string) => !needed.has(name) && (obsolete.has(name) || this.#isStale(name));
    const change = await this.#writeChange(root.digest, { names: [...this.#staged.names, ...needed], goes });
    await this.#staged.publish();
    await this.#write(versionName, Buffer.from(versionText));
    for (const [name, stored] of signatures) await this.#write(name, stored);
    await this.#write(rootName, bytes);
    this.#committed = true;
    const removal = await this.#removeObsolete(options.obsolete ?? [], needed);
    const failed = removal.kept.some((entry) => entry.failed);
    // What could not be removed just now is told of already.
    await this.#clear((name) => goes(name) && !(failed && obsolete.has(name)));
    if (failed) change.leave();
    else await change.done();
    return this.#situation.inPlace ? removal : { removed: [], kept: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#staged.clear();
    if (this.#committed) return this.#change?.leave();
    await this.#clear((name) => this.#made.has(name));
    await this.#change?.done();
    const { made } = this.#situation;
    if (made !== undefined) await removeWhileEmpty(this.#directory, made);
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    await this.#noteNew(name);
    await writeDurably(join(this.#directory, name), bytes);
  }

  /** Says beside the files what is about to become of them, and notes which of them are new. */
  async #writeChange(root: Digest, { names, goes }: { names: readonly string[]; goes: (name: string) => boolean }) {
    for (const name of names) await this.#noteNew(name);
    const going = ((await lookInto(this.#directory)) ?? []).filter(goes);
    this.#change = await writeChange(this.#directory, { root, coming: [...this.#made], going });
    return this.#change;
  }

  async #noteNew(name: string): Promise<void> {
    if (!(await isFile(join(this.#directory, name)))) this.#made.add(name);
  }

  /** In place, other files may be those of another tool. */
  #isStale(name: string): boolean {
    if (!this.#situation.inPlace) return belongsHere(name);
    return isChildManifest(name) || isSignature(name) || this.#payloads.has(name);
  }

  /** The names of all files that the image consists of. CONFLICT when one of them is not there. */
  async #needed(root: Descriptor, bytes: Uint8Array, absent: ReadonlySet<Digest>): Promise<Set<string>> {
    const names = new Set([rootName, versionName]);
    const isThere = async (name: string) => (await this.#staged.sizeOf(name)) !== undefined;
    const read = async ({ digest }: Descriptor) => {
      if (digest === root.digest) return bytes;
      if (absent.has(digest) && !(await isThere(manifestName(digest)))) return undefined;
      return await this.#readManifest(digest);
    };
    for await (const { descriptor, role } of walkImage(root, read)) {
      const { digest } = descriptor;
      if (role === "subject" || digest === root.digest) continue;
      // What an index lists and is unknown may have come as either.
      const isBlob =
        role === "config" || role === "layer" || (role === "unknown" && !(await isThere(manifestName(digest))));
      const name = isBlob ? blobName(digest) : manifestName(digest);
      const there = await isThere(name);
      if (!there && absent.has(digest)) continue;
      if (!there && !isNondistributable(descriptor)) {
        throw new OciEncError(
          "CONFLICT",
          `the image needs the blob ${descriptor.digest}, which was not written to ${this.name}`,
        );
      }
      names.add(name);
    }
    return names;
  }

  async #readManifest(digest: Digest): Promise<Uint8Array> {
    const path = this.#staged.pathOf(manifestName(digest));
    return await readSmallFile(path, manifestLimit, { what: path, followLinks: false });
  }

  async #expect(digest: Digest): Promise<void> {
    const present = await this.#rootDigest();
    if (present === digest) return;
    throw new OciEncError("CONFLICT", `${this.name} was changed meanwhile: it is ${present}`);
  }

  async #rootDigest(): Promise<Digest> {
    const path = join(this.#directory, rootName);
    return digestOf(await readSmallFile(path, manifestLimit, { what: path, followLinks: false }));
  }

  /** What has been put for a signature. */
  async #payload({ digest, size }: Descriptor): Promise<Uint8Array> {
    const name = blobName(digest);
    this.#payloads.add(name);
    const path = this.#staged.pathOf(name);
    const payload = await readSmallFile(path, signatureLimits.bytes, { what: path, followLinks: false });
    checkContent(payload, { digest, size });
    return payload;
  }

  /** With the blobs that came for it. */
  #drop({ digest }: Descriptor, view: ManifestView): void {
    const blobs = view.kind === "manifest" ? [view.config, ...view.layers] : view.manifests;
    for (const blob of blobs) this.#payloads.add(blobName(blob.digest));
    const message = `${this.name} has no place for ${digest}, which belongs to the image; left out`;
    this.#situation.progress({ type: "warning", code: "ATTACHMENT_DROPPED", message });
  }

  /** The image has changed already, so what cannot be removed is only told of. */
  async #removeObsolete(obsolete: readonly Descriptor[], needed: ReadonlySet<string>): Promise<Committed> {
    const removed: Descriptor[] = [];
    const kept: KeptBlob[] = [];
    for (const [digest, blob] of new Map(obsolete.map((each) => [each.digest, each]))) {
      const name = blobName(digest);
      if (needed.has(name)) {
        kept.push({ blob, why: "the image still names it" });
        continue;
      }
      const why = await this.#whyNotRemoved(name);
      if (why === undefined) removed.push(blob);
      else kept.push({ blob, why, failed: true });
    }
    return { removed, kept };
  }

  async #whyNotRemoved(name: string): Promise<string | undefined> {
    return await this.#clear((each) => each === name).then(
      () => undefined,
      (error: unknown) => ioError(error, `cannot remove ${name}`).message,
    );
  }

  async #clear(goes: (name: string) => boolean): Promise<void> {
    const names = ((await lookInto(this.#directory)) ?? []).filter(goes);
    if (names.length === 0) return;
    for (const name of names) {
      await rm(join(this.#directory, name), { force: true }).catch((error: unknown) => {
        throw ioError(error, `cannot remove ${join(this.#directory, name)}`);
      });
    }
    await syncDirectory(this.#directory);
  }
}

/** Nothing, or what a copy leaves that was killed before its end: everything but the manifest. */
function isUnfinished(names: readonly string[]): boolean {
  return !names.includes(rootName) && names.every((name) => belongsHere(name) || name.startsWith(draftPrefix));
}
