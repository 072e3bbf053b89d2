import { lstat, readdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../errors.js";
import type { Descriptor, Sum } from "../../oci/descriptor.js";
import { type Digest, digestOf } from "../../oci/digest.js";
import { manifestLimit } from "../../oci/manifest.js";
import { draftMark, removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import { createDraft, draftPrefix, syncDirectory, writeDurably } from "../files/durable-file.js";
import { readSmallFile } from "../files/read-file.js";
import { mayBeElsewhere } from "../foreign-layer.js";
import { makeDirectory } from "../layout/place-file.js";
import { walkImage } from "../layout/walk.js";
import type { CommitOptions, Committed, EndpointOptions, ImageTarget, Upload } from "../transport.js";
import {
  belongsHere,
  blobName,
  isChildManifest,
  manifestName,
  rootName,
  versionName,
  versionText,
} from "./dir-files.js";

/** Makes the directory where it is absent. CONFLICT when it holds anything that may not be replaced; LOCAL_IO. */
export async function openDirTarget(directory: string, options: EndpointOptions): Promise<ImageTarget> {
  const name = `dir:${directory}`;
  const before = await lookInto(directory);
  const allowed = options.force === true || options.inPlaceOf === name || isUnfinished(before ?? []);
  if (!allowed) {
    throw new OciEncError("CONFLICT", `${JSON.stringify(directory)} is not empty`, {
      hint: "choose another directory, or replace the image in it with --force",
    });
  }
  const made = before ? undefined : await makeDirectory(directory);
  await removeAbandonedDrafts(directory);
  return new DirTarget(name, directory, { made, mark: await draftMark(), inPlace: options.inPlaceOf === name });
}

interface Situation {
  /** The topmost directory that was made for this. It goes again when nothing is committed. */
  readonly made: string | undefined;
  /** For the names of drafts. */
  readonly mark: string;
  readonly inPlace: boolean;
}

class DirTarget implements ImageTarget {
  readonly name: string;
  readonly place: string;
  readonly #directory: string;
  readonly #situation: Situation;
  /** Files made here, which go again when nothing is committed. */
  readonly #made = new Set<string>();
  #committed = false;

  constructor(name: string, directory: string, situation: Situation) {
    this.name = name;
    this.place = name;
    this.#directory = directory;
    this.#situation = situation;
  }

  /** A file gets its name only when it is whole, so its size is all that is looked at. */
  async has({ digest, size }: Sum): Promise<boolean> {
    const stats = await lstat(join(this.#directory, blobName(digest))).catch(() => undefined);
    return stats?.isFile() === true && stats.size === size;
  }

  async put({ bytes, sum }: Upload): Promise<void> {
    await using draft = await createDraft(this.#directory, this.#situation.mark);
    await draft.fill(bytes);
    const name = blobName(sum().digest);
    await this.#noteNew(name);
    await draft.publish(join(this.#directory, name));
  }

  async putManifest({ digest }: Descriptor, bytes: Uint8Array): Promise<void> {
    await this.#write(manifestName(digest), bytes);
  }

  /** `writeDurably` makes every name in the directory durable, so the blobs are safe before `manifest.json` is there. */
  async commit(root: Descriptor, bytes: Uint8Array, options: CommitOptions = {}): Promise<Committed> {
    if (options.expect) await this.#expect(options.expect);
    const needed = await this.#needed(root, bytes);
    await this.#write(versionName, Buffer.from(versionText));
    await this.#write(rootName, bytes);
    this.#committed = true;
    if (this.#situation.inPlace) return await this.#removeObsolete(options.obsolete ?? [], needed);
    await this.#clear((name) => belongsHere(name) && !needed.has(name));
    return { removed: [], kept: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#committed) return;
    await this.#clear((name) => this.#made.has(name));
    const { made } = this.#situation;
    if (made !== undefined) await removeWhileEmpty(this.#directory, made);
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    await this.#noteNew(name);
    await writeDurably(join(this.#directory, name), bytes);
  }

  async #noteNew(name: string): Promise<void> {
    if (!(await isFile(join(this.#directory, name)))) this.#made.add(name);
  }

  /** The names of all files that the image consists of. CONFLICT when one of them is not there. */
  async #needed(root: Descriptor, bytes: Uint8Array): Promise<ReadonlySet<string>> {
    const names = new Set([rootName, versionName]);
    const read = async (manifest: Descriptor) =>
      manifest.digest === root.digest ? bytes : await this.#readManifest(manifest.digest);
    for await (const { descriptor, role } of walkImage(root, read)) {
      if (role === "subject" || descriptor.digest === root.digest) continue;
      const isBlob = role === "config" || role === "layer";
      const name = isBlob ? blobName(descriptor.digest) : manifestName(descriptor.digest);
      const there = await isFile(join(this.#directory, name));
      if (!there && !mayBeElsewhere(descriptor)) {
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
    const path = join(this.#directory, manifestName(digest));
    return await readSmallFile(path, manifestLimit, { what: path, followLinks: false });
  }

  async #expect(digest: Digest): Promise<void> {
    const path = join(this.#directory, rootName);
    const present = digestOf(await readSmallFile(path, manifestLimit, { what: path, followLinks: false }));
    if (present === digest) return;
    throw new OciEncError("CONFLICT", `${this.name} was changed meanwhile: it is ${present}`);
  }

  /** The image has changed already, so what cannot be removed is only told of. */
  async #removeObsolete(obsolete: readonly Descriptor[], needed: ReadonlySet<string>): Promise<Committed> {
    const removed: Descriptor[] = [];
    const kept: { blob: Descriptor; why: string }[] = [];
    for (const [digest, blob] of new Map(obsolete.map((each) => [each.digest, each]))) {
      const name = blobName(digest);
      const why = needed.has(name) ? "the image still names it" : await this.#whyNotRemoved(name);
      if (why === undefined) removed.push(blob);
      else kept.push({ blob, why });
    }
    await this.#clear((name) => isChildManifest(name) && !needed.has(name));
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

/** What is in a directory; undefined when there is none. */
async function lookInto(directory: string): Promise<readonly string[] | undefined> {
  return await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError(error, `cannot look into ${directory}`);
  });
}

/** Nothing, or what a copy leaves that was killed before its end: everything but the manifest. */
function isUnfinished(names: readonly string[]): boolean {
  return !names.includes(rootName) && names.every((name) => belongsHere(name) || name.startsWith(draftPrefix));
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() ?? false;
}

/** Takes back directories that were made for nothing, up to `topmost`; stops at one that somebody uses by now. */
async function removeWhileEmpty(innermost: string, topmost: string): Promise<void> {
  try {
    for (let path = innermost; path.length >= topmost.length; path = dirname(path)) await rmdir(path);
  } catch (error) {
    if (systemCode(error) !== "ENOTEMPTY") throw ioError(error, `cannot remove ${innermost}`);
  }
}
