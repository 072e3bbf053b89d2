import { type ImageReport, type InspectedLayer, printPlatform } from "../../../doors/index.js";
import { type Column, table } from "./table.js";

const columns: readonly Column[] = [
  { heading: "PLATFORM", align: "left", gap: 0 },
  { heading: "LAYER", align: "right", gap: 2 },
  { heading: "INDEX", align: "right", gap: 2 },
  { heading: "SCHEME", align: "left", gap: 2 },
  { heading: "ALGORITHM", align: "left", gap: 2 },
  { heading: "ID", align: "left", gap: 2 },
];

/**
 * The table of `recipients list`: INDEX is what `recipients remove --index` takes, ID what follows the scheme in `--match`.
 * On a terminal, of layers with the same recipients in the same order only the first.
 */
export function recipientsTable(image: ImageReport, width?: number): string {
  const seen = new Set<string>();
  const layers = encryptedLayers(image).filter(({ entry }) => {
    const key = namesOf(entry).join("\n");
    const fresh = width === undefined || !seen.has(key);
    seen.add(key);
    return fresh;
  });
  const rows = layers.flatMap(({ platform, entry }) =>
    entry.recipients.map(({ scheme, algorithm, id, label }, index) => [
      platform ?? "",
      String(entry.index),
      String(index),
      scheme,
      algorithm,
      id === "" ? `(${label})` : id,
    ]),
  );
  if (width === undefined || seen.size > 1) return table(columns, rows, width);
  return table(
    columns.slice(2).map((column, index) => (index === 0 ? { ...column, gap: 0 } : column)),
    rows.map((row) => row.slice(2)),
    width,
  );
}

/** Who decrypts the whole image, and where layers have others. */
export function recipientsSummary(image: ImageReport): string {
  const layers = encryptedLayers(image).map(({ entry }) => namesOf(entry));
  if (layers.length === 0) return "no layer is encrypted";
  const everywhere = [...new Set(layers[0])].filter((name) => layers.every((names) => names.includes(name)));
  const differ = layers.some((names) => names.some((name) => !everywhere.includes(name)));
  const whole =
    everywhere.length === 0
      ? "nobody decrypts"
      : `${everywhere.join(", ")} decrypt${everywhere.length === 1 ? "s" : ""}`;
  const others = differ ? "; some layers have other recipients as well" : "";
  return `${whole} all ${layers.length} encrypted layers${others}`;
}

function namesOf({ recipients }: InspectedLayer): readonly string[] {
  return recipients.map(({ scheme, id, label }) => (id === "" ? `${scheme} (${label})` : `${scheme}:${id}`));
}

/** The document of `recipients list --json`. */
export function recipientsDocument(image: ImageReport): object {
  const layers = encryptedLayers(image).map(({ platform, entry: { index, layer, recipients } }) => ({
    platform,
    index,
    digest: layer.digest,
    recipients: recipients.map((info, at) => ({ index: at, ...info })),
  }));
  return { reference: image.reference, digest: image.root.digest, layers };
}

interface EncryptedLayer {
  readonly platform: string | null;
  readonly entry: InspectedLayer;
}

function encryptedLayers(image: ImageReport): readonly EncryptedLayer[] {
  return image.manifests.flatMap(({ platform, layers }) =>
    layers
      .filter(({ encrypted }) => encrypted)
      .map((entry) => ({ platform: platform ? printPlatform(platform) : null, entry })),
  );
}
