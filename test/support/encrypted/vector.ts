import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** An image of `test/vectors`, made by another tool, and what its manifest.json promises of it. */
export interface Vector {
  readonly directory: string;
  readonly decrypt: readonly VectorKeys[];
  readonly mustFail: readonly VectorKeys[];
  readonly layers: readonly VectorLayer[];
}

/** Key arguments that together open every layer, or must not. */
export interface VectorKeys {
  readonly scheme: string;
  readonly keys: readonly string[];
}

/** A sealed layer, with the digest that it opens to. */
export interface VectorLayer {
  readonly annotations: Readonly<Record<string, string>>;
  readonly sealed: Uint8Array;
  readonly plainDigest: string;
}

/** Reads a vector, and every sealed layer of it. */
export async function readVector(id: string): Promise<Vector> {
  const directory = join(process.cwd(), "test", "vectors", id);
  const about = await readJson<AboutVector>(join(directory, "manifest.json"));
  const layers: VectorLayer[] = [];
  for (const image of about.images) {
    const manifest = await readJson<SealedManifest>(blobPath(directory, image.encryptedManifest));
    for (const [index, { annotations = {}, digest }] of manifest.layers.entries()) {
      const promised = image.layers[index];
      if (!promised?.encrypted) continue;
      const sealed = await readFile(blobPath(directory, digest));
      layers.push({ annotations, sealed, plainDigest: promised.plain.digest });
    }
  }
  return { directory, decrypt: about.decrypt, mustFail: about.mustFail ?? [], layers };
}

/** The digest of everything that a stream yields. */
export async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of bytes) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}

interface AboutVector {
  readonly decrypt: readonly VectorKeys[];
  readonly mustFail?: readonly VectorKeys[];
  readonly images: readonly {
    readonly encryptedManifest: string;
    readonly layers: readonly { readonly encrypted: boolean; readonly plain: { readonly digest: string } }[];
  }[];
}

interface SealedManifest {
  readonly layers: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

function blobPath(directory: string, digest: string): string {
  return join(directory, "image", "blobs", ...digest.split(":"));
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8"));
}
