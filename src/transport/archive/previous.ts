import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { standardStream } from "../../tar/open-archive.js";
import type { IndexEntry } from "../layout/index/index-json.js";
import type { EndpointOptions, ImageSource } from "../transport.js";
import { type ArchiveSource, openArchiveSource } from "./source.js";

/** Which archive to write, and as what. */
export interface ArchiveTargetOptions {
  readonly path: string;
  readonly name: string;
  readonly place: string;
  /** What `index.json` is to call the image. Undefined: nothing; or, in place, as it did before. */
  readonly imageName: string | undefined;
  /** What containerd calls the image, kept in place. */
  readonly fullName?: string | undefined;
  /** Whether the file may be there already. */
  readonly replace: boolean;
  /** Whether the image comes from this very file, so that what belongs to images in it stays. */
  readonly sameFile: boolean;
}

/** The archive that will be replaced, opened when something of it is needed. */
export class Previous implements AsyncDisposable {
  readonly #options: ArchiveTargetOptions;
  readonly #endpoint: EndpointOptions;
  #source: ArchiveSource | undefined;

  constructor(options: ArchiveTargetOptions, endpoint: EndpointOptions) {
    this.#options = options;
    this.#endpoint = endpoint;
  }

  /** The archive, if there is one and it has `wanted`. */
  async holding(wanted: Descriptor): Promise<ImageSource | undefined> {
    if (!this.#options.replace || this.#options.path === standardStream) return undefined;
    const source = await this.#open();
    return source.holds(wanted) ? source : undefined;
  }

  /** CONFLICT when the reference names another image by now, or none. */
  async expect(digest: Digest): Promise<void> {
    if (this.#options.path === standardStream) return;
    const entry = (await this.#open()).entry();
    if (entry.descriptor.digest === digest) return;
    throw new OciEncError(
      "CONFLICT",
      `${this.#options.name} was changed meanwhile: it names ${entry.descriptor.digest}`,
    );
  }

  /** Something small that the archive has, whole and unchecked; undefined: it has it not. */
  async content(digest: Digest): Promise<Uint8Array | undefined> {
    if (!this.#options.sameFile) return undefined;
    return await (await this.#open()).small(digest);
  }

  /** The entries that belong to images, where the image comes from this file; else none. */
  async attached(): Promise<readonly IndexEntry[]> {
    if (!this.#options.sameFile) return [];
    return [...new Set((await (await this.#open()).attached()).map(({ entry }) => entry))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<ArchiveSource> {
    this.#source ??= await openPrevious(this.#options, this.#endpoint);
    return this.#source;
  }
}

/** What the only image of the file is called. CONFLICT when there are others, which would be lost. */
export async function nameInPlace(
  options: Omit<ArchiveTargetOptions, "replace" | "sameFile">,
  endpoint: EndpointOptions,
): Promise<Pick<IndexEntry, "name" | "fullName">> {
  await using source = await openPrevious(options, endpoint);
  const attached = new Set((await source.attached()).map(({ entry }) => entry));
  const others = source.entries.filter((entry) => entry !== source.entry() && !attached.has(entry));
  if (others.length > 0 && !endpoint.force) {
    throw new OciEncError(
      "CONFLICT",
      `${options.name} cannot be edited in place: the archive holds other images, too`,
      {
        hint: "write to another file; --force drops the other images",
      },
    );
  }
  return source.entry();
}

async function openPrevious(
  options: Omit<ArchiveTargetOptions, "replace" | "sameFile">,
  endpoint: EndpointOptions,
): Promise<ArchiveSource> {
  const name = options.fullName ?? options.imageName;
  const selector = { names: name === undefined ? [] : [name], digest: undefined };
  return await openArchiveSource({ ...options, selector }, endpoint);
}
