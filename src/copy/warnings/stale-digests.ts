import { type Becoming, staleIn } from "../../oci/descriptor-content.js";
import { isEncrypted } from "../../oci/media-type.js";
import type { Progress } from "../../progress.js";
import { keptDigests } from "../attachments/kept-digests.js";
import { type LayerPlan, manifestsOf, type Plan } from "../plan/plan.js";
import { type DescriptorPlace, type DocumentPlan, descriptorsOf, documentsOf } from "../plan/plan-descriptors.js";
import { isEncrypting, warnUnrestoredDigests } from "./unrestored-digests.js";

/**
 * Warns of what a rewritten manifest or index will not say of its content any more, as it would hold or name another or
 * give away what is encrypted; and of `data` that is wrong where the document stays as it is.
 */
export function warnStaleDigests(plan: Plan, progress: Progress): void {
  const kept = new Set<string>(keptDigests(plan));
  const encrypts = manifestsOf(plan).some(({ layers }) => layers.some(isEncrypting));
  for (const document of documentsOf(plan)) {
    if (kept.has(document.descriptor.digest)) tellOfWrongData(document, progress);
    else if (!tellOfLost(document, progress) && encrypts) warnUnrestoredDigests(document, kept, progress);
  }
}

function tellOfWrongData(document: DocumentPlan, progress: Progress): void {
  for (const { where, descriptor } of descriptorsOf(document)) {
    if (descriptor.data !== "wrong") continue;
    const message = `${where} has data that is not what its digest says; nothing here reads it, and it is kept as it is`;
    progress({ type: "warning", code: "DATA_WRONG", message });
  }
}

/** Whether the document loses anything. */
function tellOfLost(document: DocumentPlan, progress: Progress): boolean {
  let told = false;
  const unchanged = new Set<string>(keptDigests(document));
  for (const place of descriptorsOf(document)) {
    const { where, descriptor } = place;
    const becoming = becomingOf(place, unchanged);
    const { members, annotations } = staleIn(descriptor, becoming);
    if (members.length + annotations.length > 0) {
      told = true;
      const lost = quoted([...members, ...annotations]);
      const message = `${where} loses ${lost}, which would hold or name other content: this image's digest will not come back`;
      progress({ type: "warning", code: "DIGEST_NOT_RESTORED", message });
    }
    const unread = (descriptor.unknown ?? []).map(({ key }) => key).filter((key) => !members.includes(key));
    if (!becoming.encrypted || unread.length === 0) continue;
    const message = `${where} keeps ${quoted(unread)}, which is unknown here and may tell of its content`;
    progress({ type: "warning", code: "CONTENT_IDENTIFIED", message });
  }
  return told;
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 80)));
  return [...shown, ...(names.length > 20 ? [`${names.length - 20} more`] : [])].join(", ");
}

/** `unchanged` are the digests of children that stay what they are. */
function becomingOf({ kind, descriptor, layer }: DescriptorPlace, unchanged: ReadonlySet<string>): Becoming {
  if (layer) return layerBecoming(layer);
  // A rewritten document keeps nothing of its subject's content.
  const same = kind === "config" || (kind === "entry" && unchanged.has(descriptor.digest));
  return { same, encrypted: false };
}

function layerBecoming({ layer, change }: LayerPlan): Becoming {
  if (change.kind === "keep") return { same: true, encrypted: isEncrypted(layer.mediaType) };
  if (change.kind === "relabel") return { same: true, encrypted: true };
  return { same: false, encrypted: change.kind === "reuse" || change.action !== "decrypt" };
}
