import type { Descriptor } from "./descriptor.js";
import { memberOf } from "./json-text.js";
import { annotationsOf, type ManifestView, readDescriptor } from "./manifest.js";
import { type FormatRow, isLayerOf, signatureFormats } from "./signature-formats.js";

/** The manifest that a manifest or index is about; undefined: it is about none. CORRUPT when it is malformed. */
export function subjectOf(view: ManifestView): Descriptor | undefined {
  if (view.kind === "manifest") return view.subject;
  const subject = memberOf(view.root, "subject");
  return subject?.kind === "object" ? readDescriptor(subject, "subject") : undefined;
}

/**
 * The descriptor under which a manifest is to be listed among those that refer to its subject: with its artifact type, or
 * that of its config, and its annotations. Distribution-spec 1.1, "pushing manifests with subject".
 */
export function listedReferrer({ digest, size }: Descriptor, view: ManifestView): Descriptor {
  const artifactType = artifactTypeOf(view);
  const annotations = annotationsOf(view);
  return {
    mediaType: view.mediaType,
    digest,
    size,
    ...(artifactType ? { artifactType } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

/**
 * Whether a referrer holds a signature in one of the forms that are known, and neither an attestation nor anything else.
 * It need not be a good one, and its list entry is not asked: writers get that wrong. `signing-and-policy.md` 0.3.
 */
export function isSignatureReferrer(view: ManifestView): boolean {
  if (view.kind === "manifest") {
    const holds = (row: FormatRow) => view.layers.some(({ mediaType }) => isLayerOf(row, mediaType));
    const row = signatureFormats.find((one) => one.layer?.onlyWithin === false && holds(one));
    if (row) return row.layer?.isOther?.(annotationsOf(view)) !== true;
  }
  const type = artifactTypeOf(view);
  return signatureFormats.some(({ manifestType }) => manifestType === type);
}

function artifactTypeOf(view: ManifestView): string | undefined {
  if (view.kind === "manifest") return view.artifactType || view.config.mediaType;
  const type = memberOf(view.root, "artifactType");
  return type?.kind === "string" && type.value ? type.value : undefined;
}
