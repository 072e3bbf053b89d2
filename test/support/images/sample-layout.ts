import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** One platform of a sample image. */
export interface SamplePlatform {
  readonly architecture: string;
  /** The content of its layers, which are uncompressed. */
  readonly layers: readonly string[];
  /** Members of the config beside those that every config has. */
  readonly config?: object;
}

/** A small image whose bytes are always the same. */
export interface Sample {
  readonly name: string;
  readonly platforms: readonly SamplePlatform[];
}

/** Two platforms that share their bottom layer. */
export const twoPlatforms: Sample = {
  name: "app",
  platforms: [
    { architecture: "amd64", layers: ["shared base\n", "program for amd64\n"] },
    { architecture: "arm64", layers: ["shared base\n", "program for arm64\n"] },
  ],
};

/** One platform, three layers. */
export const threeLayers: Sample = {
  name: "app",
  platforms: [{ architecture: "amd64", layers: ["base\n", "libraries\n", "program\n"] }],
};

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes an OCI layout that holds one image: an index where it has several platforms. Gives the image's digest. */
export async function writeLayout(directory: string, sample: Sample): Promise<string> {
  const blobs = join(directory, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const put = async (mediaType: string, content: string | object): Promise<Blob> => {
    const bytes = Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
    const hex = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(blobs, hex), bytes);
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest: `sha256:${hex}`, size: bytes.length };
  };
  const manifests = [];
  for (const { architecture, layers, config } of sample.platforms) {
    const platform = { architecture, os: "linux" };
    const stored = [];
    for (const layer of layers) stored.push(await put("layer.v1.tar", layer));
    const rootfs = { type: "layers", diff_ids: stored.map(({ digest }) => digest) };
    const described = await put("config.v1+json", { ...platform, rootfs, ...config });
    const manifest = { schemaVersion: 2, mediaType: manifestType, config: described, layers: stored };
    manifests.push({ ...(await put("manifest.v1+json", manifest)), platform });
  }
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  const [only] = manifests;
  const root = manifests.length === 1 && only ? only : await put("index.v1+json", index);
  const annotations = { "org.opencontainers.image.ref.name": sample.name };
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(
    join(directory, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...root, annotations }] }),
  );
  return root.digest;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
