import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  type DecryptionKey,
  defaultCipher,
  type EncryptionKey,
  loadKeyring,
  loadRecipients,
  openEnvelope,
  type RecipientInfo,
  recipientsOf,
  sealLayer,
  type WrapperOptions,
} from "../../../src/doors/crypt.js";
import { parseDigest } from "../../../src/oci/digest.js";
import { digestOf } from "../encrypted/vector.js";

/** An OCI layout with one image of one layer, for tools that read and write layouts. */
export interface LayoutImage {
  readonly directory: string;
  /** The name inside the layout. */
  readonly tag: string;
  /** What any reader of the plain layer must get. */
  readonly plainDigest: string;
}

const gzipLayer = "application/vnd.oci.image.layer.v1.tar+gzip";

/** Writes an image whose layer is some KiB of random bytes. */
export async function writePlainImage(directory: string, tag = "plain"): Promise<LayoutImage> {
  const content = randomBytes(5120);
  const layer = gzipSync(content);
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [digest(content)] } };
  await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const layers = [{ mediaType: gzipLayer, ...(await store(directory, layer)) }];
  const stored = await store(directory, Buffer.from(JSON.stringify(config)));
  await writeManifest(directory, tag, { mediaType: "application/vnd.oci.image.config.v1+json", ...stored }, layers);
  return { directory, tag, plainDigest: digest(layer) };
}

/** Seals the image's layer with this library, under the tag `sealed` in a layout of its own. */
export async function sealImage(
  image: LayoutImage,
  directory: string,
  recipients: { readonly keys: readonly EncryptionKey[]; readonly options?: WrapperOptions },
): Promise<LayoutImage> {
  const { config, layers } = await readManifest(image.directory, image.tag);
  const [layer] = layers;
  if (layer === undefined) throw new Error("the image has no layer");
  await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await store(directory, await readBlob(image.directory, config.digest));
  const wrap = await loadRecipients(recipients.keys, recipients.options);
  const plain = await readBlob(image.directory, layer.digest);
  const sealed = sealLayer(defaultCipher, wrap, { bytes: once(plain), size: plain.length });
  const chunks: Uint8Array[] = [];
  for await (const chunk of sealed.bytes) chunks.push(chunk);
  const annotations = (await sealed.annotate(parseDigest(layer.digest)))(undefined);
  const stored = await store(directory, Buffer.concat(chunks));
  await writeManifest(directory, "sealed", config, [{ mediaType: `${gzipLayer}+encrypted`, ...stored, annotations }]);
  return { directory, tag: "sealed", plainDigest: image.plainDigest };
}

/** Opens the layer with this library: the digest of what comes out. */
export async function openImage(
  image: LayoutImage,
  keys: readonly DecryptionKey[],
  options: WrapperOptions = {},
): Promise<string> {
  const [layer] = (await readManifest(image.directory, image.tag)).layers;
  if (layer === undefined) throw new Error("the image has no layer");
  const sealed = await readBlob(image.directory, layer.digest);
  const { cipher, options: layerOptions } = await openEnvelope(layer.annotations, await loadKeyring(keys, options));
  return await digestOf(cipher.open(once(sealed), layerOptions, sealed.length));
}

/** The digest of the image's layer as it is stored. */
export async function layerDigest(directory: string, tag: string): Promise<string | undefined> {
  return (await readManifest(directory, tag)).layers[0]?.digest;
}

/** The annotations of the image's layer. */
export async function layerAnnotations(image: LayoutImage): Promise<Readonly<Record<string, string>>> {
  return (await readManifest(image.directory, image.tag)).layers[0]?.annotations ?? {};
}

/** Whom the image's layer is sealed for. */
export async function imageRecipients(image: LayoutImage): Promise<readonly RecipientInfo[]> {
  return recipientsOf(await layerAnnotations(image));
}

interface StoredBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly config: StoredBlob;
  readonly layers: readonly StoredBlob[];
}

async function writeManifest(
  directory: string,
  tag: string,
  config: StoredBlob,
  layers: readonly StoredBlob[],
): Promise<void> {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = { schemaVersion: 2, mediaType, config, layers };
  const stored = await store(directory, Buffer.from(JSON.stringify(manifest)));
  const annotations = { "org.opencontainers.image.ref.name": tag };
  const index = { schemaVersion: 2, manifests: [{ mediaType, ...stored, annotations }] };
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
}

async function readManifest(directory: string, tag: string): Promise<Manifest> {
  const index: { manifests: readonly StoredBlob[] } = JSON.parse(await readFile(join(directory, "index.json"), "utf8"));
  const found = index.manifests.find(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === tag);
  if (found === undefined) throw new Error(`the layout has no image ${tag}`);
  return JSON.parse((await readBlob(directory, found.digest)).toString("utf8"));
}

async function store(directory: string, bytes: Uint8Array): Promise<{ digest: string; size: number }> {
  const name = digest(bytes);
  await writeFile(join(directory, "blobs", ...name.split(":")), bytes);
  return { digest: name, size: bytes.length };
}

function readBlob(directory: string, name: string): Promise<Buffer> {
  return readFile(join(directory, "blobs", ...name.split(":")));
}

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
