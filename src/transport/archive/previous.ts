import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { standardStream } from "../tar/open-archive.js";
import type { EndpointOptions, ImageSource } from "../transport.js";
import { type ArchiveSource, openArchiveSource } from "./source.js";

/** Which archive to write, and as what. */
export interface ArchivePlace {
  readonly path: string;
  readonly name: string;
  readonly place: string;
  /** What `index.json` is to call the image. Undefined: nothing; or, in place, as it did before. */
  readonly imageName: string | undefined;
  /** Whether the file may be there already. */
  readonly replace: boolean;
}

/** The archive that will be replaced, opened when something of it is needed. */
export class Previous implements AsyncDisposable {
  readonly #options: ArchivePlace;
  readonly #endpoint: EndpointOptions;
  #source: ArchiveSource | undefined;

  constructor(options: ArchivePlace, endpoint: EndpointOptions) {
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
  options: Omit<ArchivePlace, "replace">,
  endpoint: EndpointOptions,
): Promise<string | undefined> {
  await using source = await openPrevious(options, endpoint);
  if (source.entries.length > 1 && !endpoint.force) {
    throw new OciEncError(
      "CONFLICT",
      `${options.name} cannot be edited in place: the archive holds other images, too`,
      {
        hint: "write to another file; --force drops the other images",
      },
    );
  }
  return source.entry().name;
}

async function openPrevious(options: Omit<ArchivePlace, "replace">, endpoint: EndpointOptions): Promise<ArchiveSource> {
  const selector = { names: options.imageName === undefined ? [] : [options.imageName], digest: undefined };
  return await openArchiveSource({ ...options, selector }, endpoint);
}
