import type { Descriptor } from "../../../oci/descriptor.js";
import { type Digest, isDigest } from "../../../oci/digest.js";
import { manifestLimit, parseManifest } from "../../../oci/manifest.js";
import { isIndexType, isManifestType } from "../../../oci/media-type.js";

/** How to read a manifest whole, checked; what it throws ends the walk. Undefined: it is not there, and is not entered. */
export type ReadManifest = (descriptor: Descriptor) => Promise<Uint8Array | undefined>;

/** What a walk came upon, and as what it was named. */
export interface Visit {
  readonly descriptor: Descriptor;
  readonly role: "manifest" | "config" | "layer" | "subject" | "unknown";
}

/**
 * Everything that `root` names, itself first, each digest once. A subject is told of and not entered: an image is whole
 * without it. CORRUPT when a manifest is malformed.
 */
export async function* walkImage(root: Descriptor, read: ReadManifest): AsyncGenerator<Visit> {
  const seen = new Set<Digest>();
  const ahead: Visit[] = [{ descriptor: root, role: "manifest" }];
  for (let visit = ahead.pop(); visit; visit = ahead.pop()) {
    const { descriptor, role } = visit;
    if (seen.has(descriptor.digest)) continue;
    seen.add(descriptor.digest);
    const known = isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType);
    yield role === "manifest" && !known ? { descriptor, role: "unknown" } : visit;
    if (role === "manifest" && known) ahead.push(...(await below(descriptor, read)).toReversed());
  }
}

/** The digests that a document of a kind that we do not know mentions anywhere: it may need all of them. */
export function digestsIn(document: Uint8Array): readonly Digest[] {
  const text = Buffer.from(document).toString("latin1");
  const words = [...text.matchAll(/sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g)].map(([word]) => word);
  return words.filter(isDigest);
}

/** Whether a document of unknown kind is small enough to be one that names others. */
export function mayNameOthers(descriptor: Descriptor): boolean {
  return descriptor.size <= manifestLimit;
}

async function below(descriptor: Descriptor, read: ReadManifest): Promise<Visit[]> {
  const bytes = await read(descriptor);
  if (bytes === undefined) return [];
  const view = parseManifest(bytes, descriptor.mediaType);
  if (view.kind === "index") return view.manifests.map((child) => ({ descriptor: child, role: "manifest" }));
  const subject: Visit[] = view.subject ? [{ descriptor: view.subject, role: "subject" }] : [];
  const layers = view.layers.map((layer): Visit => ({ descriptor: layer, role: "layer" }));
  return [{ descriptor: view.config, role: "config" }, ...layers, ...subject];
}
