import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { blobPath, blobSize } from "./blob-file.js";
import type { IndexEntry } from "./index-json.js";
import { readManifest } from "./manifest-file.js";
import { digestsIn, mayNameOthers, walkImage } from "./walk.js";

/**
 * The digests that may be needed by what an index lists, named or not, down to the last layer, with the subjects that are
 * there. A manifest that an index names and that is not there needs nothing: stores and mirrors may hold some platforms
 * alone. CORRUPT when one cannot be read, or an entry's own is gone: then nobody knows what it needs, and nothing may be
 * removed.
 */
export async function reachableFrom(layout: string, entries: readonly IndexEntry[]): Promise<ReadonlySet<Digest>> {
  const marked = new Set<Digest>();
  const ahead = entries.map((entry) => entry.descriptor);
  for (let root = ahead.pop(); root; root = ahead.pop()) {
    const read = async (manifest: Descriptor) =>
      manifest.digest === root.digest || (await isThere(layout, manifest))
        ? await readOrRefuse(layout, manifest)
        : undefined;
    for await (const { descriptor, role } of walkImage(root, read)) {
      if (role === "subject" && !marked.has(descriptor.digest) && (await isThere(layout, descriptor))) {
        ahead.push(descriptor);
      }
      marked.add(descriptor.digest);
      if (role === "unknown" && mayNameOthers(descriptor) && (await isThere(layout, descriptor))) {
        for (const digest of digestsIn(await readOrRefuse(layout, descriptor))) marked.add(digest);
      }
    }
  }
  return marked;
}

async function isThere(layout: string, { digest }: Descriptor): Promise<boolean> {
  return (await blobSize(layout, digest)) !== undefined;
}

async function readOrRefuse(layout: string, manifest: Descriptor): Promise<Uint8Array> {
  try {
    return await readManifest(layout, manifest);
  } catch (cause) {
    if (!(cause instanceof OciEncError) || cause.code === "LOCAL_IO") throw cause;
    throw new OciEncError("CORRUPT", `cannot tell what is needed: ${blobPath(manifest.digest)}: ${cause.message}`, {
      cause,
      hint: "remove the name of the damaged image first",
    });
  }
}
