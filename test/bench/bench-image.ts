import { createHash, type Hash, randomFillSync } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

/** An image to measure with. */
export interface BenchImage {
  readonly directory: string;
  readonly layers: number;
  /** Of each layer. */
  readonly mib: number;
  /** Random bytes in a gzip layer, which no tool recompresses; or a tar layer that compresses well. */
  readonly content: "random" | "compressible";
}

const mib = 1024 * 1024;

/** Writes a layout that holds one image under the name `bench`. */
export async function writeBenchImage(image: BenchImage): Promise<void> {
  const blobs = join(image.directory, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layers: Layer[] = [];
  for (let index = 0; index < image.layers; index += 1) layers.push(await writeLayer(blobs, image));
  const put = async (type: string, content: object) => {
    const bytes = Buffer.from(JSON.stringify(content));
    const hex = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(blobs, hex), bytes);
    return { mediaType: `application/vnd.oci.image.${type}`, digest: `sha256:${hex}`, size: bytes.length };
  };
  const rootfs = { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) };
  const config = await put("config.v1+json", { architecture: "amd64", os: "linux", config: {}, rootfs });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await put("manifest.v1+json", {
    schemaVersion: 2,
    mediaType,
    config,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  const named = { ...manifest, annotations: { "org.opencontainers.image.ref.name": "bench" } };
  await writeFile(join(image.directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  await writeFile(join(image.directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

interface Layer {
  readonly descriptor: { mediaType: string; digest: string; size: number };
  readonly diffId: string;
}

async function writeLayer(blobs: string, image: BenchImage): Promise<Layer> {
  const draft = join(blobs, "draft");
  const tar = createHash("sha256");
  const stored = createHash("sha256");
  let size = 0;
  async function* compressed(bytes: AsyncIterable<Buffer>) {
    for await (const chunk of bytes) {
      stored.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  const source = Readable.from(tarBytes(image, tar));
  const file = createWriteStream(draft);
  if (image.content === "random") await pipeline(source, createGzip({ level: 0 }), compressed, file);
  else await pipeline(source, compressed, file);
  const digest = stored.digest("hex");
  await rename(draft, join(blobs, digest));
  const type = image.content === "random" ? "tar+gzip" : "tar";
  return {
    descriptor: { mediaType: `application/vnd.oci.image.layer.v1.${type}`, digest: `sha256:${digest}`, size },
    diffId: `sha256:${tar.digest("hex")}`,
  };
}

function* tarBytes({ mib: length, content }: BenchImage, hash: Hash): Generator<Buffer> {
  for (let index = 0; index < length; index += 1) {
    const chunk = randomFillSync(Buffer.alloc(mib));
    if (content === "compressible") makeCompressible(chunk);
    hash.update(chunk);
    yield chunk;
  }
}

/** To about a third, as programs do. */
function makeCompressible(chunk: Buffer): void {
  for (let at = 0; at + 48 <= chunk.length; at += 48)
    chunk.copyWithin(at + 16, at, at + 16).copyWithin(at + 32, at, at + 16);
}
