import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.js";
import { type ImageManifest, parseManifest } from "../../oci/manifest.js";
import { isEncrypted, isImageConfigType, isManifestType, layerKind } from "../../oci/media-type.js";
import { type ArchiveOutput, openOutput } from "../../tar/archive-output.js";
import { entryTime, type TarRegion, TarWriter } from "../../tar/tar-writer.js";
import { decryptedMode } from "../decrypted-mode.js";
import type { Committed, EndpointOptions, ImageTarget, ImageTraits, Upload } from "../transport.js";
import { listName, printImages } from "./manifest-json.js";

/** Which archive to write, and what to call the image in it. */
export interface DockerTargetOptions {
  readonly path: string;
  readonly name: string;
  readonly place: string;
  /** Completed. Undefined: it gets no name, and docker loads it by its id. */
  readonly tag: string | undefined;
}

/** Starts a new archive. CONFLICT when the file is there, unless `force` is given. Other codes as those of `openOutput`. */
export async function openDockerTarget(options: DockerTargetOptions, endpoint: EndpointOptions): Promise<ImageTarget> {
  const mtime = entryTime();
  const output = await openOutput(options.path, { ...endpoint, replace: endpoint.force ?? false });
  return new DockerTarget(options, { output, writer: new TarWriter(output.file, mtime), endpoint });
}

interface NewArchive {
  readonly output: ArchiveOutput;
  readonly writer: TarWriter;
  readonly endpoint: EndpointOptions;
}

/**
 * Blobs come without saying what they are, so they get their names at commit. The older file `repositories` is left
 * out: it is not read where there is a `manifest.json`.
 */
class DockerTarget implements ImageTarget {
  readonly name: string;
  readonly place: string;
  readonly #tag: string | undefined;
  readonly #output: ArchiveOutput;
  readonly #writer: TarWriter;
  readonly #endpoint: EndpointOptions;
  readonly #written = new Map<Digest, TarRegion>();
  /** Whether anything came in that was encrypted where it came from. */
  #decrypted = false;

  constructor(options: DockerTargetOptions, { output, writer, endpoint }: NewArchive) {
    this.name = options.name;
    this.place = options.place;
    this.#tag = options.tag;
    this.#output = output;
    this.#writer = writer;
    this.#endpoint = endpoint;
  }

  refuses(root: Descriptor, traits: ImageTraits): string | undefined {
    if (traits.encrypted) return "an archive of docker save has no place for the keys of encrypted layers";
    if (traits.attached) return "an archive of docker save has no place for signatures and other referrers";
    if (isManifestType(root.mediaType)) return undefined;
    return "an archive of docker save holds images of one platform each, and this is an index";
  }

  async has({ digest, size }: Descriptor): Promise<boolean> {
    return this.#written.get(digest)?.size === size;
  }

  async put({ bytes, size, digest, decrypted, sum }: Upload): Promise<void> {
    this.#decrypted ||= decrypted === true;
    const longName = digest === undefined || algorithmOf(digest) === "sha512";
    const region = await this.#writer.add({ bytes, size, longName });
    const stored = sum().digest;
    if (this.#written.has(stored)) this.#writer.drop(region);
    else this.#written.set(stored, region);
  }

  /** Keeps nothing: only an index has manifests below it, and `commit` refuses one, if `refuses` was not asked before. */
  async putManifest(): Promise<void> {}

  /** UNSUPPORTED when the image is none that docker could load. `expect` and `obsolete` do not apply to a new archive. */
  async commit(root: Descriptor, bytes: Uint8Array): Promise<Committed> {
    const { config, layers } = this.#suitable(root, bytes);
    const file = {
      config: `${hexOf(config.digest)}.json`,
      tags: this.#tag === undefined ? [] : [this.#tag],
      layers: layers.map((layer) => `${hexOf(layer.digest)}.tar`),
    };
    const names = new Map<Digest, string>(layers.map(({ digest }) => [digest, `${hexOf(digest)}.tar`]));
    names.set(config.digest, file.config);
    for (const [digest, name] of names) await this.#writer.name(this.#region(digest), name);
    await this.#writer.addFile(listName, Buffer.from(printImages(file)));
    await this.#output.deliver(
      await this.#writer.finish(),
      decryptedMode({ decrypted: this.#decrypted }, this.#endpoint),
    );
    return { removed: [], kept: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#output[Symbol.asyncDispose]();
  }

  #suitable(root: Descriptor, bytes: Uint8Array): ImageManifest {
    const view = parseManifest(bytes, root.mediaType);
    if (view.kind === "index") throw unsuitable(`${this.name} cannot hold an index`);
    if (!isImageConfigType(view.config.mediaType)) throw unsuitable(`${root.digest} is not a container image`);
    const strange = view.layers.find(({ mediaType }) => isEncrypted(mediaType) || !layerKind(mediaType));
    if (strange) {
      throw unsuitable(`${this.name} cannot hold a layer of type ${JSON.stringify(strange.mediaType.slice(0, 120))}`);
    }
    return view;
  }

  #region(digest: Digest): TarRegion {
    const region = this.#written.get(digest);
    if (region) return region;
    throw new OciEncError("CONFLICT", `the image needs the blob ${digest}, which was not written to ${this.name}`);
  }
}

function unsuitable(message: string): OciEncError {
  return new OciEncError("UNSUPPORTED", message, { hint: "write it to oci:DIR or oci-archive:FILE" });
}
