import { OciEncError } from "../errors.js";
import type { Descriptor } from "./descriptor.js";
import { settled } from "./descriptor-content.js";
import { descriptorEdits } from "./descriptor-edits.js";
import { type Digest, digestOf } from "./digest.js";
import { editText, type JsonNode, memberOf, parseJson, type TextEdit } from "./json-text.js";
import { diffIdsOf, type ImageManifest, manifestLimit, parseManifest } from "./manifest.js";

/** A manifest whose layers are attachments, and its config, which lists their digests once more as diff IDs. */
export interface AttachedBytes {
  readonly bytes: Uint8Array;
  readonly config: Uint8Array;
}

/**
 * What is to are under a digest tag once `added` has joined what is `there`: its layers after those that are there,
 * each with its diff ID. A layer is there already when its media type, digest and annotations are; undefined: all of them
 * are, and nothing is to be written. Everything else of `there` stays as it is, text and type. `signing-and-policy.md` 1.3.
 * CONFLICT when what is there is no manifest with layers, CORRUPT when one of the two is malformed, UNSUPPORTED when both
 * together are too large.
 */
export function mergeSignatureManifests(there: AttachedBytes, added: AttachedBytes): AttachedBytes | undefined {
  const old = manifestOf(there.bytes);
  const young = manifestOf(added.bytes);
  const kept = attachedLayers(old, there.config);
  const fresh = unknownTo(kept, attachedLayers(young, added.config));
  if (fresh.length === 0) return undefined;
  const config = withDiffIds(there.config, [...kept, ...fresh]);
  const text = editText(old.text, [
    ...configEdits(old, config),
    appended(
      old.root,
      "layers",
      fresh.map(({ text: layer }) => layer),
    ),
  ]);
  const bytes = Buffer.from(text);
  if (bytes.length > manifestLimit) {
    throw new OciEncError("UNSUPPORTED", `the attachments would need a manifest of ${bytes.length} bytes`);
  }
  return { bytes, config };
}

/** A layer with its own text and its diff ID. */
interface AttachedLayer {
  readonly layer: Descriptor;
  readonly text: string;
  readonly diffId: Digest;
}

function manifestOf(bytes: Uint8Array): ImageManifest {
  const manifest = parseManifest(bytes, "");
  if (manifest.kind === "manifest" && memberOf(manifest.root, "layers")?.kind === "array") return manifest;
  throw new OciEncError("CONFLICT", "what stands under the digest tag is not a manifest with layers", {
    hint: "look at it, and remove it if nobody needs it",
  });
}

/** Those of `added` that are not among `kept`, each once. */
function unknownTo(kept: readonly AttachedLayer[], added: readonly AttachedLayer[]): readonly AttachedLayer[] {
  const known = new Set(kept.map(({ layer }) => identityOf(layer)));
  return added.filter(({ layer }) => {
    const identity = identityOf(layer);
    const fresh = !known.has(identity);
    known.add(identity);
    return fresh;
  });
}

/** Attachments are not compressed, so a config that lists something else than one diff ID a layer is made anew from them. */
function attachedLayers(manifest: ImageManifest, config: Uint8Array): readonly AttachedLayer[] {
  const listed = diffIdsOf(config);
  const layers = memberOf(manifest.root, "layers");
  const nodes = layers?.kind === "array" ? layers.items : [];
  return manifest.layers.map((layer, index) => {
    const node = nodes[index];
    const diffId = listed.length === manifest.layers.length ? listed[index] : undefined;
    return { layer, text: node ? manifest.text.slice(node.start, node.end) : "", diffId: diffId ?? layer.digest };
  });
}

function identityOf({ mediaType, digest, annotations }: Descriptor): string {
  const sorted = Object.entries(annotations ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([mediaType, digest, sorted]);
}

/** The config with these diff IDs in place of its own; a new one where it has no list of them. */
function withDiffIds(config: Uint8Array, layers: readonly AttachedLayer[]): Uint8Array {
  const ids = JSON.stringify(layers.map(({ diffId }) => diffId));
  const { text, root } = parseJson(config, "the config of the attachments");
  const rootfs = memberOf(root, "rootfs");
  const list = rootfs && memberOf(rootfs, "diff_ids");
  if (list) return Buffer.from(editText(text, [{ start: list.start, end: list.end, text: ids }]));
  return Buffer.from(`{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":${ids}}}`);
}

function configEdits({ root, text, config: before }: ImageManifest, config: Uint8Array): readonly TextEdit[] {
  const node = memberOf(root, "config");
  if (!node) throw new Error("a parsed manifest has no config");
  const after = settled(before, { ...before, digest: digestOf(config), size: config.length });
  return descriptorEdits(node, text, { before, after });
}

function appended(manifest: JsonNode, key: string, items: readonly string[]): TextEdit {
  const list = memberOf(manifest, key);
  if (list?.kind !== "array") throw new Error(`a parsed manifest has no ${key}`);
  const last = list.items.at(-1);
  const at = last?.end ?? list.start + 1;
  return { start: at, end: at, text: (last ? "," : "") + items.join(",") };
}
