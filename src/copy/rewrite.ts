import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { editText, type JsonNode, memberOf, type TextEdit } from "../oci/json-text.js";
import { type ImageIndex, type ImageManifest, manifestLimit } from "../oci/manifest.js";
import { isEncrypted, ociTwin } from "../oci/media-type.js";
import { descriptorEdits, mediaTypeEdits } from "./descriptor-edits.js";

/** A document's new text, and its type. */
export interface Rewritten {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/**
 * The manifest with its layers renamed, and all else as it was, white space included. A Docker manifest in which a layer
 * is sealed becomes an OCI one. Undefined when nothing changes.
 */
export function rewriteManifest(view: ImageManifest, layers: readonly Descriptor[]): Rewritten | undefined {
  const mediaType = layers.some((layer) => isEncrypted(layer.mediaType)) ? ociTwin(view.mediaType) : view.mediaType;
  const converted = mediaType !== view.mediaType;
  const asOci = (descriptor: Descriptor) =>
    converted ? { ...descriptor, mediaType: ociTwin(descriptor.mediaType) } : descriptor;
  const config = memberOf(view.root, "config");
  const edits = [
    ...mediaTypeEdits(view.root, view.text, mediaType),
    ...(config ? descriptorEdits(config, view.text, { before: view.config, after: asOci(view.config) }) : []),
    ...itemEdits(view, "layers", { before: view.layers, after: layers.map(asOci) }),
  ];
  return apply(view, edits, mediaType);
}

/**
 * The index with its children renamed; an undefined child is left out. A Docker list that gains an OCI child becomes an
 * OCI index. Undefined when nothing changes.
 */
export function rewriteIndex(view: ImageIndex, children: readonly (Descriptor | undefined)[]): Rewritten | undefined {
  const converted = children.some((child, index) => child && child.mediaType !== view.manifests[index]?.mediaType);
  const mediaType = converted ? ociTwin(view.mediaType) : view.mediaType;
  const edits = [
    ...mediaTypeEdits(view.root, view.text, mediaType),
    ...itemEdits(view, "manifests", { before: view.manifests, after: children }),
  ];
  return apply(view, edits, mediaType);
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
    return old && now ? descriptorEdits(item, view.text, { before: old, after: now }) : [];
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
