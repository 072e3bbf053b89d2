import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../../errors.js";
import { type Digest, isDigest } from "../../oci/digest.js";
import { isEncrypted } from "../../oci/media-type.js";
import { membersOf, textsOf } from "../json-members.js";
import { readStart } from "./stored-file.js";

/** No registry takes a larger manifest. Distribution-spec, "Pushing Manifests". */
const sizeLimit = 4 * 1024 * 1024;

/** Nearly every manifest is smaller than this, and nearly every layer larger. */
const usualSize = 128 * 1024;

const algorithms = ["sha256", "sha512"];

/** An encrypted layer, as its manifest describes it. */
export interface EncryptedLayer {
  readonly digest: Digest;
  /** Bytes, as the manifest has it. */
  readonly size: number;
  /** Of its descriptor. Several manifests may name one layer with different wrapped keys. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What came of a search, for messages. */
export interface SearchNotes {
  /** Stores that are there. */
  readonly looked: string[];
  /** Stores that are there and cannot be read, with the system's code. */
  readonly unreadable: { readonly store: string; readonly code: string }[];
  /** Whether there was no time left to look everywhere. */
  gaveUp: boolean;
}

/** A blob that may be a manifest. */
export interface StoredManifest {
  readonly store: string;
  readonly path: string;
}

/** Blobs that may be manifests by their size, the newest first: the image that is being pulled came just now. */
export function listManifests(stores: readonly string[], notes: SearchNotes): readonly StoredManifest[] {
  const found = stores.flatMap((store) => listStore(store, notes));
  return found.toSorted((a, b) => Number(a.unusual) - Number(b.unusual) || b.time - a.time);
}

interface ListedBlob extends StoredManifest {
  readonly unusual: boolean;
  /** When it came, in milliseconds. */
  readonly time: number;
}

function listStore(store: string, notes: SearchNotes): readonly ListedBlob[] {
  const listed: ListedBlob[] = [];
  for (const algorithm of algorithms) {
    const directory = join(store, "blobs", algorithm);
    const names = orNoted(() => readdirSync(directory), store, notes);
    if (names !== undefined && !notes.looked.includes(store)) notes.looked.push(store);
    for (const name of names ?? []) {
      const path = join(directory, name);
      const stat = orNoted(() => lstatSync(path), store, notes);
      if (!stat?.isFile() || stat.size > sizeLimit) continue;
      listed.push({ store, path, unusual: stat.size > usualSize, time: stat.mtimeMs });
    }
  }
  return listed;
}

/** Undefined for what is not there, or has gone, and for what cannot be read: that is noted. */
function orNoted<T>(read: () => T, store: string, notes: SearchNotes): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const known = notes.unreadable.some((one) => one.store === store);
    if (code !== "ENOENT" && code !== "ENOTDIR" && !known) notes.unreadable.push({ store, code });
    return undefined;
  }
}

/** The encrypted layers of a manifest; none of what is not one. Image-spec, "manifest". */
export function* encryptedLayersOf(path: string): Generator<EncryptedLayer> {
  const bytes = readStart(path, sizeLimit, sizeLimit);
  // Most blobs are something else, and are told from a manifest without a parser.
  if (bytes === undefined || bytes[0] !== openingBrace || !bytes.includes("encrypted")) return;
  const layers = membersOf(parsed(bytes))?.get("layers");
  if (!Array.isArray(layers)) return;
  for (const layer of layers) {
    const members = membersOf(layer);
    const [mediaType, digest, size] = ["mediaType", "digest", "size"].map((name) => members?.get(name));
    if (typeof mediaType !== "string" || !isEncrypted(mediaType)) continue;
    if (typeof digest !== "string" || !isDigest(digest)) continue;
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) continue;
    yield { digest, size, annotations: textsOf(membersOf(members?.get("annotations")) ?? new Map()) };
  }
}

const openingBrace = 0x7b;

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
