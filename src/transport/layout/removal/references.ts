import type { Descriptor } from "../../../oci/descriptor.js";
import type { Digest } from "../../../oci/digest.js";
import { parseManifest } from "../../../oci/manifest.js";
import { isIndexType, isManifestType } from "../../../oci/media-type.js";
import { subjectOf } from "../../../oci/referrer.js";
import { digestsIn } from "./walk.js";

/** A manifest as another one names it. */
export type Named = Pick<Descriptor, "mediaType" | "digest" | "size">;

/** What a document names. It is fixed by the document's digest and the type as which it is read. */
export interface References {
  readonly manifests: readonly Named[];
  /** Config and layers; of a document of unknown kind all digests that it mentions. */
  readonly blobs: readonly Digest[];
  readonly subject: Named | undefined;
}

/** Reads a document that `descriptor` describes, and that has been checked. CORRUPT when a manifest is malformed. */
export function referencesOf(document: Uint8Array, { mediaType }: Named): References {
  if (!isManifestType(mediaType) && !isIndexType(mediaType)) {
    return { manifests: [], blobs: digestsIn(document), subject: undefined };
  }
  const view = parseManifest(document, mediaType);
  const subject = subjectOf(view);
  const about = subject && named(subject);
  if (view.kind === "index") return { manifests: view.manifests.map(named), blobs: [], subject: about };
  return { manifests: [], blobs: [view.config, ...view.layers].map(({ digest }) => digest), subject: about };
}

function named({ mediaType, digest, size }: Descriptor): Named {
  return { mediaType, digest, size };
}
