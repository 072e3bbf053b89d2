import { randomBytes } from "node:crypto";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestOf, hexOf } from "../../../src/oci/digest.js";

/** An encrypted layer of a manifest. */
export interface StoredLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly mediaType?: string;
}

/** A root of containerd with a content store that holds what a test puts there. */
export class ContentStore {
  readonly root: string;
  readonly directory: string;
  readonly blobs: string;

  constructor(root: string) {
    this.root = root;
    this.directory = join(root, "io.containerd.content.v1.content");
    this.blobs = join(this.directory, "blobs", "sha256");
    mkdirSync(this.blobs, { recursive: true });
    mkdirSync(join(this.directory, "ingest"));
  }

  /** `age`: seconds since it came. */
  put(bytes: Uint8Array, age = 0): Digest {
    const digest = digestOf(bytes);
    const path = join(this.blobs, hexOf(digest));
    writeFileSync(path, bytes);
    const then = Date.now() / 1000 - age;
    utimesSync(path, then, then);
    return digest;
  }

  putManifest(layers: readonly StoredLayer[], age = 0): Digest {
    const manifest = {
      schemaVersion: 2,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(randomBytes(8)), size: 2 },
      layers: layers.map((layer) => ({ mediaType: encryptedLayer, ...layer })),
    };
    return this.put(Buffer.from(JSON.stringify(manifest)), age);
  }

  /**
   * Blobs of other images, the newest ten minutes old: manifests of five encrypted layers that were removed after they had been
   * unpacked, a config for each, and small layers.
   */
  fill({ manifests, blobs }: { readonly manifests: number; readonly blobs: number }): void {
    for (let count = 0; count < blobs; count += 1) {
      const age = 600 + count;
      if (count < manifests) this.putManifest(Array.from({ length: 5 }, removedLayer), age);
      else if (count < 2 * manifests) this.put(Buffer.from(JSON.stringify({ rootfs: {}, count, history })), age);
      else this.put(randomBytes(500), age);
    }
  }

  /** What containerd has of a blob that it is fetching. */
  putIncoming(digest: Digest, bytes: Uint8Array): void {
    const directory = join(this.directory, "ingest", randomBytes(32).toString("hex"));
    mkdirSync(directory);
    writeFileSync(join(directory, "ref"), `default/1/layer-${digest}`);
    writeFileSync(join(directory, "data"), bytes);
  }
}

const encryptedLayer = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";

const history = Array.from({ length: 10 }, () => ({ created_by: "RUN make install # of something" }));

function removedLayer(): StoredLayer {
  const digest = digestOf(randomBytes(8));
  const wrapped = randomBytes(700).toString("base64");
  return { digest, size: 1_000_000, annotations: { "org.opencontainers.image.enc.keys.jwe": wrapped } };
}
