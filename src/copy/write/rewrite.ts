import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { emptied, settled } from "../../oci/descriptor-content.js";
import { type DescriptorChange, descriptorEdits, mediaTypeEdits } from "../../oci/descriptor-edits.js";
import { editText, type JsonNode, memberOf, type TextEdit } from "../../oci/json-text.js";
import { type ImageIndex, type ImageManifest, manifestLimit } from "../../oci/manifest.js";
import { isEncrypted, toOciType } from "../../oci/media-type.js";
import { subjectOf } from "../../oci/referrer.js";

/** A document's new text, and its type. */
export interface Rewritten {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/**
 * The manifest with its layers renamed, and all else as it was, white space included. A Docker manifest in which a layer
 * is encrypted becomes an OCI one. Undefined when nothing changes.
 */
export function rewriteManifest(view: ImageManifest, layers: readonly Descriptor[]): Rewritten | undefined {
  const mediaType = layers.some((layer) => isEncrypted(layer.mediaType)) ? toOciType(view.mediaType) : view.mediaType;
  const converted = mediaType !== view.mediaType;
  const asOci = (descriptor: Descriptor) =>
    converted ? { ...descriptor, mediaType: toOciType(descriptor.mediaType) } : descriptor;
  const config = memberOf(view.root, "config");
  const after = layers.map(asOci);
  if (!differs(view.layers, after)) return undefined;
  const edits = [
    ...mediaTypeEdits(view.root, view.text, mediaType),
    ...(config ? descriptorEdits(config, view.text, settling(view.config, asOci(view.config))) : []),
    ...itemEdits(view, "layers", { before: view.layers, after }),
    ...subjectEdits(view),
  ];
  return apply(view, edits, mediaType);
}

/**
 * The index with its children renamed; an undefined child is left out. A Docker list that gains an OCI child becomes an
 * OCI index. Undefined when nothing changes.
 */
export function rewriteIndex(view: ImageIndex, children: readonly (Descriptor | undefined)[]): Rewritten | undefined {
  const converted = children.some((child, index) => child && child.mediaType !== view.manifests[index]?.mediaType);
  const mediaType = converted ? toOciType(view.mediaType) : view.mediaType;
  if (!differs(view.manifests, children)) return undefined;
  const edits = [
    ...mediaTypeEdits(view.root, view.text, mediaType),
    ...itemEdits(view, "manifests", { before: view.manifests, after: children }),
    ...subjectEdits(view),
  ];
  return apply(view, edits, mediaType);
}

/** What a change of descriptors comes to when nothing stays that holds or names other content. */
function settling(before: Descriptor, after: Descriptor): DescriptorChange {
  return { before, after: settled(before, after) };
}

/** Whether any descriptor becomes another, or goes. */
function differs(before: readonly Descriptor[], after: readonly (Descriptor | undefined)[]): boolean {
  return before.some((old, index) => {
    const now = after[index];
    return !now || identity(old) !== identity(now);
  });
}

function identity({ mediaType, digest, size, annotations = {} }: Descriptor): string {
  return JSON.stringify([mediaType, digest, size, Object.entries(annotations)]);
}

/** Whatever the subject holds itself may tell of content that is encrypted now, and nobody needs it there. */
function subjectEdits(view: ImageManifest | ImageIndex): readonly TextEdit[] {
  const [node, before] = [memberOf(view.root, "subject"), subjectOf(view)];
  return node && before ? descriptorEdits(node, view.text, { before, after: emptied(before) }) : [];
}

function apply(view: ImageManifest | ImageIndex, edits: readonly TextEdit[], mediaType: string): Rewritten | undefined {
  if (edits.length === 0) return undefined;
  const bytes = Buffer.from(editText(view.text, edits), "utf8");
  if (bytes.length > manifestLimit) {
    throw new OciEncError(
      "UNSUPPORTED",
      `the manifest would grow to ${bytes.length} bytes; readers allow ${manifestLimit}`,
      {
        hint: "use fewer recipients, or fewer layers",
      },
    );
  }
  return { bytes, mediaType };
}

interface Change {
  readonly before: readonly Descriptor[];
  readonly after: readonly (Descriptor | undefined)[];
}

function itemEdits(view: ImageManifest | ImageIndex, key: string, { before, after }: Change): readonly TextEdit[] {
  const list = memberOf(view.root, key);
  if (list?.kind !== "array") return [];
  const kept = list.items.filter((_, index) => after[index] !== undefined);
  const edits = list.items.flatMap((item, index) => {
    const [old, now] = [before[index], after[index]];
    return old && now ? descriptorEdits(item, view.text, settling(old, now)) : [];
  });
  return kept.length === list.items.length ? edits : [...edits, ...cuts(list, kept)];
}

/** Takes out the items that are not kept, each with the comma that parts it from a neighbour. */
function cuts(list: JsonNode & { readonly kind: "array" }, kept: readonly JsonNode[]): readonly TextEdit[] {
  if (kept.length === 0) return [{ start: list.start, end: list.end, text: "[]" }];
  const firstKept = kept[0]?.start ?? 0;
  return list.items.flatMap((item, index) => {
    if (kept.includes(item)) return [];
    const leading = item.start < firstKept;
    const start = leading ? item.start : (list.items[index - 1]?.end ?? item.start);
    const end = leading ? (list.items[index + 1]?.start ?? item.end) : item.end;
    return [{ start, end, text: "" }];
  });
}
