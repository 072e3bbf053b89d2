import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { manifestLimit, platformOf } from "../../oci/manifest.js";
import { isEncrypted, isImageConfigType } from "../../oci/media-type.js";
import { printPlatform } from "../../oci/platform.js";
import { readAttached } from "../layout/index/attached.js";
import { readIndex } from "../layout/index/index-json.js";
import { ifThere } from "../layout/manifest-file.js";
import { manifestReader } from "../layout/removal/manifest-reader.js";
import { keyOf } from "../layout/removal/reference-file.js";
import { type Visit, walkImage } from "../layout/removal/walk.js";
import { findStore, type StoreOptions } from "./store-directory.js";

/** One entry of a store, as `images` shows it. */
export interface StoredImage {
  /** Undefined: it has none, and can be named by its digest. */
  readonly name: string | undefined;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of everything that it names, each blob once; what another image shares is counted with both. */
  readonly size: number;
  /** Each as `linux/amd64`; empty where the image names none. */
  readonly platforms: readonly string[];
  /** How many of its layers are encrypted. */
  readonly encrypted: "none" | "some" | "all";
  /** Why the rest is not known; undefined when the image could be read. */
  readonly problem: string | undefined;
}

/** What `listImages` promises. */
export async function listStoredImages(options: StoreOptions): Promise<readonly StoredImage[]> {
  const layout = await findStore(options);
  if (layout === undefined) return [];
  const { entries } = await readIndex(layout);
  const manifest = manifestReader(layout);
  const attached = new Set((await readAttached({ entries, manifest })).map(({ entry }) => entry));
  const images: StoredImage[] = [];
  // One image may have many names.
  const summaries = new Map<string, Summary>();
  for (const { name, descriptor } of entries.filter((entry) => !attached.has(entry))) {
    const { digest, mediaType } = descriptor;
    const key = keyOf(descriptor);
    const summary = summaries.get(key) ?? (await summarize(manifest, descriptor));
    summaries.set(key, summary);
    images.push({ name, digest, mediaType, ...summary });
  }
  return images.toSorted((a, b) => compare(a.name ?? "", b.name ?? "") || compare(a.digest, b.digest));
}

type Summary = Pick<StoredImage, "size" | "platforms" | "encrypted" | "problem">;

async function summarize(read: (manifest: Descriptor) => Promise<Uint8Array>, root: Descriptor): Promise<Summary> {
  const readPresent = (manifest: Descriptor) =>
    manifest.digest === root.digest ? read(manifest) : ifThere(read(manifest));
  const visits: Visit[] = [];
  const platforms = new Set<string>();
  let problem: string | undefined;
  try {
    for await (const visit of walkImage(root, readPresent)) {
      if (visit.role !== "subject") visits.push(visit);
      if (visit.role !== "config") continue;
      for (const platform of await platformsIn(read, visit.descriptor)) platforms.add(platform);
    }
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    problem = error.message;
  }
  const layers = visits.filter((visit) => visit.role === "layer");
  const some = layers.filter(({ descriptor }) => isEncrypted(descriptor.mediaType));
  const encrypted = some.length === 0 ? "none" : some.length === layers.length ? "all" : "some";
  const size = visits.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  return { size, platforms: [...platforms], encrypted, problem };
}

/** None or one, from an image's config. */
async function platformsIn(
  read: (blob: Descriptor) => Promise<Uint8Array>,
  config: Descriptor,
): Promise<readonly string[]> {
  if (!isImageConfigType(config.mediaType) || config.size > manifestLimit) return [];
  const platform = platformOf(await read(config));
  return platform && platform.os !== "unknown" ? [printPlatform(platform)] : [];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
