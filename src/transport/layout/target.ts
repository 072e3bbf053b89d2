import { realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ioError, OciEncError } from "../../errors.js";
import { createDraft, type Draft } from "../../files/durable-file.js";
import { makeDirectory } from "../../files/make-directory.js";
import type { ContentId, Descriptor } from "../../oci/descriptor.js";
import { type Digest, hexOf } from "../../oci/digest.js";
import type { AttachedManifest, AttachmentTarget, DigestTagKind } from "../attachments.js";
import { decryptedMode } from "../decrypted-mode.js";
import type {
  CommitOptions,
  Committed,
  EndpointOptions,
  ImageTarget,
  PartialBlob,
  ResumingTarget,
  Upload,
} from "../transport.js";
import { blobSize } from "./blob-file.js";
import { commitImage, type StagedBlob } from "./commit.js";
import { LayoutAttachments } from "./index/pending-attachments.js";
import { checkRoom } from "./layout-directory.js";
import { withLock } from "./lock/lock.js";
import { removeEmpty } from "./lock/work-directory.js";
import { beginSession, type WriterSession } from "./lock/writer-session.js";
import { partialBlobIn, writePartialBlob } from "./partial-blob.js";
import { claimPartialBlob, keepPartialBlobs } from "./partial-blob-store.js";
import { settleLayout } from "./removal/settle.js";

/** Where an image is to go in a layout. */
export interface LayoutTargetOptions {
  readonly directory: string;
  /** The name of its entry; undefined: none. */
  readonly entryName: string | undefined;
  /** What the image's digest must turn out to be; undefined: anything. */
  readonly digest: Digest | undefined;
  /** The reference, for people, of the layout's real path. */
  readonly name: (layout: string) => string;
  /** Of the directory, when it is made; less the umask. Default: as the umask says. */
  readonly mode?: number | undefined;
  /** Whether partial blobs stay for a later writer when this one fails. Default: nothing stays. */
  readonly resumable?: boolean | undefined;
}

/**
 * Opens a layout for writing, and finishes what a killed writer left undone there, unless this is a dry run. Nothing is
 * made before the first question or blob; nothing but a session is there before `commit`. CONFLICT when the directory is
 * neither empty nor a layout.
 */
export async function openLayoutTarget(
  place: LayoutTargetOptions,
  options: EndpointOptions,
): Promise<ImageTarget & AttachmentTarget> {
  await checkRoom(place.directory);
  const path = await realPath(place.directory);
  if (options.dryRun !== true) await settleLayout(path, options);
  return new LayoutTarget(place, options, path);
}

/**
 * Finished blobs stay in the session's directory until the commit moves them all: of an abandoned image nothing is left
 * under `blobs`.
 */
class LayoutTarget implements ImageTarget, ResumingTarget, AttachmentTarget {
  readonly name: string;
  readonly place: string;
  readonly #to: LayoutTargetOptions;
  readonly #options: EndpointOptions;
  readonly #staged = new Map<Digest, StagedBlob>();
  #attachments = new LayoutAttachments();
  /** What is being written under a name that tells its digest; the same blob once more at that time gets a random one. */
  readonly #busy = new Set<Digest>();
  #work: Promise<Workspace> | undefined;
  #made: string | undefined;

  constructor(to: LayoutTargetOptions, options: EndpointOptions, path: string) {
    this.name = to.name(path);
    this.place = `oci:${path}`;
    this.#to = to;
    this.#options = options;
  }

  refuses(root: Descriptor): string | undefined {
    const { digest } = this.#to;
    if (!digest || root.digest === digest) return undefined;
    return `${this.name} can only be the image with that digest, not ${root.digest}`;
  }

  async has({ digest, size }: Descriptor): Promise<boolean> {
    const { layout } = await this.#begin();
    return (this.#staged.get(digest)?.size ?? (await validSize(layout, digest))) === size;
  }

  async begun(blob: Descriptor): Promise<PartialBlob | undefined> {
    if (!this.#to.resumable || this.#busy.has(blob.digest)) return undefined;
    const { layout, session } = await this.#begin();
    const own = await partialBlobIn(session.directory, blob);
    if (own) return own;
    const { directory } = session;
    const claimed = await claimPartialBlob(layout, { directory, blob }, this.#options);
    return claimed ? await partialBlobIn(directory, blob) : undefined;
  }

  async put(upload: Upload): Promise<void> {
    const { digest } = upload;
    if (this.#to.resumable && digest !== undefined && !this.#busy.has(digest)) return await this.#keep(digest, upload);
    const write = async (draft: Draft) => {
      await draft.fill(upload.bytes);
      return upload.sum();
    };
    await this.#stage(write, decryptedMode(upload, this.#options));
  }

  async putManifest({ digest }: Descriptor, bytes: Uint8Array): Promise<void> {
    await this.#stageSmall(digest, bytes);
  }

  async putReferrer(_subject: Digest, referrer: Descriptor, bytes: Uint8Array): Promise<void> {
    await this.#stageSmall(referrer.digest, bytes);
    this.#attachments.addReferrer(referrer);
  }

  async putDigestTag(subject: Digest, kind: DigestTagKind, attached: AttachedManifest): Promise<void> {
    this.#attachments.addDigestTag(subject, kind, attached);
  }

  async addSimpleSignature(subject: Digest, signature: Uint8Array): Promise<void> {
    this.#attachments.addMessage(subject, signature);
  }

  async commit(root: Descriptor, bytes: Uint8Array, options: CommitOptions = {}): Promise<Committed> {
    const { digest, entryName } = this.#to;
    if (digest && root.digest !== digest) {
      throw new OciEncError(
        "CONFLICT",
        `the image is ${root.digest}, and cannot be kept as ${JSON.stringify(this.name)}`,
      );
    }
    await this.putManifest(root, bytes);
    const { layout, session } = await this.#begin();
    const done = await withLock(
      layout,
      async (lock) => {
        const keep = (kept: Digest, small: Uint8Array) => this.#stageSmall(kept, small);
        const place = { layout, session, lock, staged: this.#staged, entryName, attachments: this.#attachments, keep };
        const committed = await commitImage(place, root, options);
        await session.end();
        return committed;
      },
      this.#options,
    );
    this.#staged.clear();
    this.#attachments = new LayoutAttachments();
    this.#made = undefined;
    this.#work = undefined;
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const work = await this.#work?.catch(() => undefined);
    this.#work = undefined;
    if (work) {
      const { layout, session } = work;
      const end = async () => {
        await keepPartialBlobs(layout, session.directory, this.#busy);
        await session.end();
      };
      // Giving the lock back takes the empty work directory along. Somebody who holds it for long will do that.
      await withLock(layout, end, { patience: 5_000 }).catch(() => undefined);
      await session.end();
    }
    if (this.#made) await removeWhileEmpty(resolve(this.#to.directory), this.#made);
  }

  #begin(): Promise<Workspace> {
    this.#work ??= this.#open();
    return this.#work;
  }

  async #open(): Promise<Workspace> {
    const { directory, mode } = this.#to;
    for (;;) {
      this.#made = (await makeDirectory(resolve(directory), mode)) ?? this.#made;
      const layout = await realPath(directory);
      try {
        return { layout, session: await beginSession(layout, this.#options) };
      } catch (error) {
        // Another target that made this directory and was abandoned took it away again.
        if (!(error instanceof OciEncError) || error.code !== "NOT_FOUND") throw error;
      }
    }
  }

  async #keep(digest: Digest, upload: Upload): Promise<void> {
    this.#busy.add(digest);
    try {
      const { session } = await this.#begin();
      this.#staged.set(digest, await writePartialBlob(session.directory, digest, upload));
    } finally {
      this.#busy.delete(digest);
    }
  }

  async #stageSmall(digest: Digest, bytes: Uint8Array): Promise<void> {
    await this.#stage(async (draft) => {
      await draft.write(bytes, 0);
      return { digest, size: bytes.length };
    });
  }

  async #stage(write: (draft: Draft) => Promise<ContentId>, mode?: number): Promise<void> {
    const { session } = await this.#begin();
    await using draft = await createDraft(session.directory);
    const { digest, size } = await write(draft);
    const path = join(session.directory, hexOf(digest));
    await draft.publish(path, mode);
    this.#staged.set(digest, { digest, size, path });
  }
}

interface Workspace {
  readonly layout: string;
  readonly session: WriterSession;
}

/** Without links as far as it exists. */
async function realPath(directory: string): Promise<string> {
  return await realpath(directory).catch((error: unknown) => {
    const known = ioError(error, `cannot look at ${JSON.stringify(directory)}`);
    if (known.code !== "NOT_FOUND") throw known;
    return resolve(directory);
  });
}

/** What is not a blob but stands where one should be will be replaced by one. */
async function validSize(layout: string, digest: Digest): Promise<number | undefined> {
  return await blobSize(layout, digest).catch((error: unknown) => {
    if (error instanceof OciEncError && error.code === "CORRUPT") return undefined;
    throw error;
  });
}

/** Takes back directories that were made for nothing, from the innermost to `last`; stops at one that is in use. */
async function removeWhileEmpty(innermost: string, last: string): Promise<void> {
  for (let path = innermost; path.length >= last.length; path = dirname(path)) {
    if (!(await removeEmpty(path))) return;
  }
}
