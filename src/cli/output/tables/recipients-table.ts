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

/** The table of `recipients list`: INDEX is what `recipients remove --index` takes, ID what follows the scheme in `--match`. */
export function recipientsTable(image: ImageReport): string {
  const rows = encryptedLayers(image).flatMap(({ platform, entry }) =>
    entry.recipients.map(({ scheme, algorithm, id, label }, index) => [
      platform ?? "",
      String(entry.index),
      String(index),
      scheme,
      algorithm,
      id === "" ? `(${label})` : id,
    ]),
  );
  return table(columns, rows);
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
