import type { ByteStream } from "../../bytes/byte-stream.js";
import { memoized } from "../../bytes/memoized.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { checkContent } from "../../oci/manifest.js";
import { type OpenArchive, openArchive, readMember } from "../../tar/open-archive.js";
import type { EndpointOptions, ImageSource } from "../transport.js";
import { type ConvertedImage, convertImage } from "./converted-image.js";
import {
  type DockerImage,
  type DockerSelector,
  listLimit,
  listName,
  parseImages,
  selectImage,
} from "./manifest-json.js";

/** Which archive to read, and which image in it. */
export interface DockerSourceOptions {
  readonly path: string;
  readonly name: string;
  readonly place: string;
  readonly selector: DockerSelector;
}

/** Reads the headers and `manifest.json`; layers are read when the image is resolved. Codes of `openArchive`, CORRUPT. */
export async function openDockerSource(options: DockerSourceOptions, endpoint: EndpointOptions): Promise<ImageSource> {
  const what = `docker-archive:${options.path}`;
  const archive = await openArchive(options.path, what, endpoint);
  try {
    const list = await readMember(archive, listName, listLimit);
    if (!list) {
      throw new OciEncError("CORRUPT", `${what} has no ${listName}, and is not an archive of docker save`, {
        hint: archive.map.find("oci-layout") ? "read it as oci-archive:FILE" : undefined,
      });
    }
    return new DockerSource(archive, parseImages(list, `${listName} in ${what}`), { ...options, endpoint });
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

class DockerSource implements ImageSource {
  readonly name: string;
  readonly place: string;
  readonly #archive: OpenArchive;
  readonly #images: readonly DockerImage[];
  readonly #selector: DockerSelector;
  readonly #signal: AbortSignal | undefined;
  readonly #image = memoized(() => this.#convert());

  constructor(
    archive: OpenArchive,
    images: readonly DockerImage[],
    options: DockerSourceOptions & { readonly endpoint: EndpointOptions },
  ) {
    this.name = options.name;
    this.place = options.place;
    this.#archive = archive;
    this.#images = images;
    this.#selector = options.selector;
    this.#signal = options.endpoint.signal;
  }

  async resolve(): Promise<Descriptor> {
    return (await this.#image()).root;
  }

  async manifest(descriptor: Descriptor): Promise<Uint8Array> {
    const { root, manifest } = await this.#image();
    if (descriptor.digest !== root.digest) throw this.#absent(descriptor);
    checkContent(manifest, descriptor);
    return manifest;
  }

  async *blob(descriptor: Descriptor, from: number = 0): ByteStream {
    const range = (await this.#image()).blobs.get(descriptor.digest);
    if (!range) throw this.#absent(descriptor);
    yield* this.#archive.file.stream({ start: Math.min(range.start + from, range.end), end: range.end });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archive[Symbol.asyncDispose]();
  }

  async #convert(): Promise<ConvertedImage> {
    const image = selectImage(this.#images, this.#selector, this.#archive.what);
    return await convertImage(this.#archive, image, this.#signal);
  }

  #absent({ digest }: Descriptor): OciEncError {
    return new OciEncError("NOT_FOUND", `${this.name} has no blob ${digest}`);
  }
}
