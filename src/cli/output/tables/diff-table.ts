import {
  type Descriptor,
  type ImageDiff,
  type LayerDiff,
  printPlatform,
  type RecipientInfo,
} from "../../../doors/index.js";
import { type Column, table } from "./table.js";

const columns: readonly Column[] = [
  { heading: "PLATFORM", align: "left", gap: 0 },
  { heading: "#", align: "right", gap: 2 },
  { heading: "CONTENT", align: "left", gap: 2 },
  { heading: "A", align: "left", gap: 2 },
  { heading: "B", align: "left", gap: 2 },
  { heading: "RECIPIENTS", align: "left", gap: 2 },
];

/** The table of `diff`: one line a layer, with who came (+) and who went (-). */
export function diffTable({ layers }: ImageDiff, width?: number): string {
  const rows = layers.map((layer) => [
    platformName(layer) ?? "",
    String(layer.index),
    layer.content,
    shortDigest(layer.a),
    shortDigest(layer.b),
    [
      ...layer.recipientsRemoved.map((info) => `-${shortName(info)}`),
      ...layer.recipientsAdded.map((info) => `+${shortName(info)}`),
    ].join(" "),
  ]);
  return table(columns, rows, width);
}

/** The document of `diff --json`. */
export function diffDocument({ a, b, identical, layers }: ImageDiff): object {
  return {
    a,
    b,
    identical,
    layers: layers.map((layer) => ({
      platform: platformName(layer),
      index: layer.index,
      content: layer.content,
      a: layer.a ? blobDocument(layer.a) : null,
      b: layer.b ? blobDocument(layer.b) : null,
      recipientsAdded: layer.recipientsAdded,
      recipientsRemoved: layer.recipientsRemoved,
    })),
  };
}

function blobDocument({ digest, mediaType, size }: Descriptor): object {
  return { digest, mediaType, size };
}

function platformName({ platform }: LayerDiff): string | null {
  return platform ? printPlatform(platform) : null;
}

/** Enough to tell blobs apart by eye; the document has them whole. */
function shortDigest(descriptor: Descriptor | undefined): string {
  return descriptor?.digest.slice(0, "sha256:".length + 12) ?? "";
}

function shortName({ scheme, id, label }: RecipientInfo): string {
  return `${scheme}:${id === "" ? `(${label})` : id}`;
}
