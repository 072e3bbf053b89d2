import { createHash, randomFillSync } from "node:crypto";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** An image to measure with. */
export interface BenchImage {
  readonly directory: string;
  readonly layers: number;
  /** Of each layer. */
  readonly mib: number;
  /** Random bytes under a gzip layer's type and magic, which no tool recompresses; or a tar layer that compresses well. */
  readonly content: "random" | "compressible";
}

const mib = 1024 * 1024;

/** Writes a layout that holds one image under the name `bench`. */
export async function writeBenchImage(image: BenchImage): Promise<void> {
  const blobs = join(image.directory, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layers = [];
  for (let index = 0; index < image.layers; index += 1) layers.push(await writeLayer(blobs, image));
  const put = async (type: string, content: object) => {
    const bytes = Buffer.from(JSON.stringify(content));
    const hex = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(blobs, hex), bytes);
    return { mediaType: `application/vnd.oci.image.${type}`, digest: `sha256:${hex}`, size: bytes.length };
  };
  const diffIds = layers.map(({ digest }, index) => (image.content === "random" ? madeUpDiffId(index) : digest));
  const rootfs = { type: "layers", diff_ids: diffIds };
  const config = await put("config.v1+json", { architecture: "amd64", os: "linux", config: {}, rootfs });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await put("manifest.v1+json", { schemaVersion: 2, mediaType, config, layers });
  const named = { ...manifest, annotations: { "org.opencontainers.image.ref.name": "bench" } };
  await writeFile(join(image.directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  await writeFile(join(image.directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

async function writeLayer(
  blobs: string,
  image: BenchImage,
): Promise<{ mediaType: string; digest: string; size: number }> {
  const hash = createHash("sha256");
  const draft = join(blobs, "draft");
  const file = await open(draft, "w");
  for (let index = 0; index < image.mib; index += 1) {
    const chunk = randomFillSync(Buffer.alloc(mib));
    if (image.content === "compressible") makeCompressible(chunk);
    else if (index === 0) chunk.set([0x1f, 0x8b, 8, 0]);
    hash.update(chunk);
    await file.write(chunk);
  }
  await file.close();
  const hex = hash.digest("hex");
  await rename(draft, join(blobs, hex));
  const type = image.content === "random" ? "tar+gzip" : "tar";
  return { mediaType: `application/vnd.oci.image.layer.v1.${type}`, digest: `sha256:${hex}`, size: image.mib * mib };
}

/** To about a third, as programs do. */
function makeCompressible(chunk: Buffer): void {
  for (let at = 0; at + 48 <= chunk.length; at += 48)
    chunk.copyWithin(at + 16, at, at + 16).copyWithin(at + 32, at, at + 16);
}

function madeUpDiffId(index: number): string {
  return `sha256:${createHash("sha256").update(`layer ${index}`).digest("hex")}`;
}
