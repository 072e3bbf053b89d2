import { OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import type { Committed, ImageSource, ImageTarget, Upload } from "../../../src/transport/transport.js";

/** Blobs by digest, and what each name stands for. */
export class MemoryPlace {
  readonly blobs = new Map<string, Uint8Array>();
  readonly names = new Map<string, Descriptor>();
  /** Digests in the order in which they were read or written, for tests that ask what moved. */
  readonly log: string[] = [];
  /** What `leftovers` of its sources tells of, beside the digests that it is asked for. */
  readonly leftovers: string[] = [];
  readonly place: string;

  constructor(place = "memory:a") {
    this.place = place;
  }

  /** Keeps content and names it. */
  add(mediaType: string, content: Uint8Array | string | object): Descriptor {
    const bytes =
      content instanceof Uint8Array
        ? content
        : Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** Keeps bytes as they are read back under a digest that the caller has. */
  content(digest: string): Uint8Array {
    const bytes = this.blobs.get(digest);
    if (!bytes) throw new OciEncError("NOT_FOUND", `no blob ${digest}`);
    return bytes;
  }

  text(digest: string): string {
    return Buffer.from(this.content(digest)).toString("utf8");
  }

  source(name: string): ImageSource {
    return {
      name,
      place: this.place,
      resolve: async () => {
        const root = this.names.get(name);
        if (!root) throw new OciEncError("NOT_FOUND", `no image ${name}`);
        return root;
      },
      manifest: async (descriptor) => this.content(descriptor.digest),
      blob: (descriptor) => this.#read(descriptor),
      leftovers: async (plain) => [...this.leftovers, ...plain.filter((digest) => this.blobs.has(digest))],
      async [Symbol.asyncDispose]() {},
    };
  }

  target(name: string): ImageTarget {
    return {
      name,
      place: this.place,
      has: async (descriptor) => this.blobs.has(descriptor.digest),
      put: (upload) => this.#put(upload),
      putManifest: async (descriptor, bytes) => {
        this.log.push(`manifest ${descriptor.digest}`);
        this.blobs.set(descriptor.digest, bytes);
      },
      commit: async (root, bytes): Promise<Committed> => {
        this.log.push(`commit ${root.digest}`);
        this.blobs.set(root.digest, bytes);
        this.names.set(name, root);
        return { removed: [], kept: [] };
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  async *#read(descriptor: Descriptor): AsyncGenerator<Uint8Array> {
    this.log.push(`read ${descriptor.digest}`);
    const bytes = this.content(descriptor.digest);
    const step = Math.max(1, Math.ceil(bytes.length / 3));
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  }

  async #put(upload: Upload): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of upload.bytes) chunks.push(chunk);
    const { digest, size } = upload.sum();
    const bytes = Buffer.concat(chunks);
    if (bytes.length !== size) throw new Error("an upload has another size than its sum");
    this.log.push(`put ${digest}`);
    this.blobs.set(digest, bytes);
  }
}

/** How to lay out a small image. */
export interface ImageShape {
  readonly layers: readonly {
    readonly mediaType: string;
    readonly bytes: Uint8Array;
    readonly annotations?: object;
    readonly urls?: string[];
  }[];
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly diffIds?: readonly string[];
  readonly config?: object;
  readonly docker?: boolean;
  /** As `JSON.stringify` takes it. */
  readonly indent?: number | string;
  readonly extra?: object;
}

/** Writes an image's blobs and manifest, and hands back the manifest's descriptor. */
export function addImage(place: MemoryPlace, shape: ImageShape): Descriptor {
  const layers = shape.layers.map(({ mediaType, bytes, annotations, urls }) => ({
    ...place.add(mediaType, bytes),
    ...(annotations ? { annotations } : {}),
    ...(urls ? { urls } : {}),
  }));
  const diffIds = shape.diffIds ?? layers.map((layer) => layer.digest);
  const config = place.add(shape.docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig, {
    ...(shape.platform ?? { os: "linux", architecture: "amd64" }),
    config: shape.config ?? {},
    rootfs: { type: "layers", diff_ids: diffIds },
  });
  const mediaType = shape.docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const manifest = { schemaVersion: 2, mediaType, config, layers, ...shape.extra };
  return place.add(mediaType, JSON.stringify(manifest, null, shape.indent));
}
