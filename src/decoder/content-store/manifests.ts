import { type Digest, isDigest } from "../../oci/digest.js";
import { isEncrypted } from "../../oci/media-type.js";
import { membersOf, textsOf } from "../json-members.js";
import { type ListedFile, listFiles } from "./listed-files.js";
import type { Search } from "./search.js";
import { readStart } from "./stored-file.js";

/** No registry takes a larger manifest. Distribution-spec, "Pushing Manifests". */
const sizeLimit = 4 * 1024 * 1024;

/** Nearly every manifest is smaller than this, and nearly every layer larger. */
const usualSize = 128 * 1024;

/** As much is read to see whether it is worth reading more: most manifests are not longer. */
const firstLook = 16 * 1024;

const algorithms = ["sha256", "sha512"];

/** An encrypted layer, as its manifest describes it. */
export interface EncryptedLayer {
  readonly digest: Digest;
  /** Bytes, as the manifest has it. */
  readonly size: number;
  /** Of its descriptor. Several manifests may name one layer with different wrapped keys. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Blobs that may be manifests by their size, the newest first: the image that is being pulled came just now. */
export function* possibleManifests({ stores, ...search }: Search): Generator<ListedFile> {
  const files = stores.flatMap((store) =>
    algorithms.flatMap((algorithm) => listFiles(store, algorithm, { ...search, sizeLimit })),
  );
  const usual = files.filter(({ size }) => size <= usualSize);
  // Nearly always one of the very newest is it, and the others need not be sorted.
  const border =
    Float64Array.from(usual, ({ time }) => time)
      .sort()
      .at(-newestCount) ?? 0;
  yield* newestFirst(usual.filter(({ time }) => time >= border));
  yield* newestFirst(usual.filter(({ time }) => time < border));
  yield* newestFirst(files.filter(({ size }) => size > usualSize));
}

const newestCount = 64;

function newestFirst(files: readonly ListedFile[]): readonly ListedFile[] {
  return files.toSorted((a, b) => b.time - a.time);
}

/** The encrypted layers of a manifest whose digest is wanted; none of what is no manifest. Image-spec, "manifest". */
export function* encryptedLayersOf(file: ListedFile, isWanted: (digest: Digest) => boolean): Generator<EncryptedLayer> {
  const bytes = readJsonFile(file);
  // Most are something else, and are told from a manifest with an encrypted layer without a parser.
  if (bytes === undefined || !bytes.includes("encrypted")) return;
  const layers = membersOf(parsed(bytes))?.get("layers");
  if (!Array.isArray(layers)) return;
  for (const layer of layers) {
    const members = membersOf(layer);
    const [mediaType, digest, size] = ["mediaType", "digest", "size"].map((name) => members?.get(name));
    if (typeof mediaType !== "string" || !isEncrypted(mediaType)) continue;
    if (typeof digest !== "string" || !isDigest(digest)) continue;
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || !isWanted(digest)) continue;
    yield { digest, size, annotations: textsOf(membersOf(members?.get("annotations")) ?? new Map()) };
  }
}

/** Undefined where its first byte shows that it is no JSON object. What it gives is there until the next call. */
function readJsonFile({ path, size }: ListedFile): Buffer | undefined {
  const start = readStart(path, looked, sizeLimit);
  if (start?.[0] !== openingBrace) return undefined;
  return start.length < looked.length ? start : readStart(path, Buffer.allocUnsafe(size), sizeLimit);
}

/** One for all: memory for thousands of files would take longer than reading them. */
const looked = Buffer.allocUnsafe(firstLook);

const openingBrace = 0x7b;

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
