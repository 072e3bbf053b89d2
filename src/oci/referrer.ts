import type { Descriptor } from "./descriptor.js";
import { memberOf } from "./json-text.js";
import { annotationsOf, type ManifestView, readDescriptor } from "./manifest.js";

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
  const type = artifactTypeOf(view) ?? "";
  if (view.kind === "manifest" && view.layers.some((layer) => bundleType.test(layer.mediaType))) {
    const predicate = annotationsOf(view)["dev.sigstore.bundle.predicateType"];
    return predicate === undefined || predicate === "https://sigstore.dev/cosign/sign/v1";
  }
  return signatureTypes.has(type);
}

const bundleType = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v[0-9.]+)?\+json/;

/** Notary Project; cosign's experimental form; an OpenPGP message in a layout. */
const signatureTypes: ReadonlySet<string> = new Set([
  "application/vnd.cncf.notary.signature",
  "application/vnd.dev.cosign.artifact.sig.v1+json",
  "application/vnd.oci-enc.gpg-signature.v1",
]);

function artifactTypeOf(view: ManifestView): string | undefined {
  if (view.kind === "manifest") return view.artifactType || view.config.mediaType;
  const type = memberOf(view.root, "artifactType");
  return type?.kind === "string" && type.value ? type.value : undefined;
}
