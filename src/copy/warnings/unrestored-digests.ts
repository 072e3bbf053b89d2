import type { Descriptor } from "../../oci/descriptor.js";
import { digestOf } from "../../oci/digest.js";
import { parseManifest } from "../../oci/manifest.js";
import { toOciType } from "../../oci/media-type.js";
import type { Progress } from "../../progress.js";
import { repointed } from "../plan/attestation.js";
import type { IndexPlan, LayerPlan, ManifestPlan } from "../plan/plan.js";
import type { DocumentPlan } from "../plan/plan-descriptors.js";
import { type Rewritten, rewriteIndex, rewriteManifest } from "../write/rewrite.js";

/** Of a document that has none of the other faults for which a digest does not come back. */
export function warnUnrestoredDigests(document: DocumentPlan, kept: ReadonlySet<string>, progress: Progress): void {
  const comesBack = document.kind === "index" ? indexComesBack(document, kept) : manifestComesBack(document);
  if (comesBack) return;
  const message = `the ${document.kind} ${document.descriptor.digest} is written in a way that decrypting does not give back, as with empty or null annotations: this image's digest will not come back`;
  progress({ type: "warning", code: "DIGEST_NOT_RESTORED", message });
}

/** Whether a change is encrypting: what is decrypted later. */
export function isEncrypting({ change }: LayerPlan): boolean {
  return change.kind === "reuse" || (change.kind === "rewrite" && change.action === "encrypt");
}

/** Is for what is not known yet. */
const another = digestOf(Buffer.from("another"));

/** Tries it: edits the text as encrypting will, and back as decrypting does. */
function manifestComesBack({ view, layers }: ManifestPlan): boolean {
  if (!layers.some(isEncrypting) || layers.some(({ layer }) => toOciType(layer.mediaType) !== layer.mediaType))
    return true;
  const rewritten = rewriteManifest(view, layers.map(encrypted));
  if (!rewritten || rewritten.mediaType !== view.mediaType) return true;
  const after = parseManifest(rewritten.bytes, rewritten.mediaType);
  return after.kind === "index" || isText(rewriteManifest(after, view.layers), view.text);
}

function encrypted(entry: LayerPlan): Descriptor {
  const { layer, change } = entry;
  if (!isEncrypting(entry)) return layer;
  const renamed =
    change.kind === "reuse" ? change.relabel(layer) : change.kind === "rewrite" && change.estimate?.(layer);
  return { ...(renamed || layer), digest: another, size: layer.size + 1 };
}

function indexComesBack({ view, children }: IndexPlan, kept: ReadonlySet<string>): boolean {
  if (children.some((child) => !child.kept)) return true;
  const changed = view.manifests.filter(({ digest }) => !kept.has(digest));
  if (changed.some(({ mediaType }) => toOciType(mediaType) !== mediaType)) return true;
  const digests = new Map(changed.map(({ digest }) => [digest, another]));
  const renamed = view.manifests.map((child) => {
    const one = repointed(child, digests);
    return digests.has(child.digest) ? { ...one, digest: another, size: child.size + 1 } : one;
  });
  const rewritten = rewriteIndex(view, renamed);
  if (!rewritten) return true;
  const after = parseManifest(rewritten.bytes, rewritten.mediaType);
  return after.kind === "manifest" || isText(rewriteIndex(after, view.manifests), view.text);
}

function isText(rewritten: Rewritten | undefined, text: string): boolean {
  return rewritten !== undefined && Buffer.from(rewritten.bytes).equals(Buffer.from(text, "utf8"));
}
