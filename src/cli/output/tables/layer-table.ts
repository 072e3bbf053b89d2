import { type ImageReport, type InspectedLayer, type ManifestReport, printPlatform } from "../../../doors/index.js";
import { digestCell, sizeCell } from "./cells.js";
import { type Cell, type Column, table } from "./table.js";
import { verdictMembers, verdictText } from "./verdict-text.js";

/** The words and their order are those of ctr-enc. */
const columns: readonly Column[] = [
  { heading: "#", align: "right", gap: 2 },
  { heading: "DIGEST", align: "right", gap: 3 },
  { heading: "PLATFORM", align: "right", gap: 3 },
  { heading: "SIZE", align: "right", gap: 3 },
  { heading: "ENCRYPTION", align: "right", gap: 2 },
];

const recipientsColumn: Column = { heading: "RECIPIENTS", align: "left", gap: 2 };
const decryptsColumn: Column = { heading: "DECRYPTS", align: "right", gap: 2 };

/** What the table shows in addition to its usual columns. */
export interface LayerTableForm {
  /** Whether keys were given, and so which layers they decrypt is known. */
  readonly keys: boolean;
  /** Of the terminal; undefined: any. */
  readonly width?: number | undefined;
}

/** The table of `layerinfo`; the index starts anew for each platform. Attestations have no layers to run, and are left out. */
export function layerTable(image: ImageReport, form: LayerTableForm): string {
  const rows = images(image).flatMap((manifest) => manifest.layers.map((entry) => row(manifest, entry, form)));
  return table([...columns, ...(form.keys ? [decryptsColumn] : []), recipientsColumn], rows, form.width);
}

/** The document of `layerinfo --json`. */
export function layerDocument(image: ImageReport): object {
  const layers = images(image).flatMap((manifest) =>
    manifest.layers.map(({ index, layer, encrypted, schemes, recipients, access }) => ({
      platform: platformName(manifest),
      index,
      digest: layer.digest,
      mediaType: layer.mediaType,
      size: layer.size,
      encrypted,
      schemes,
      recipients,
      ...(access?.decrypts !== undefined && { decrypts: access.decrypts }),
      ...(access && verdictMembers(access)),
    })),
  );
  return { reference: image.reference, digest: image.root.digest, layers };
}

function images(image: ImageReport): readonly ManifestReport[] {
  return image.manifests.filter(({ attestation }) => !attestation);
}

function row(manifest: ManifestReport, entry: InspectedLayer, form: LayerTableForm): readonly Cell[] {
  const { index, layer, schemes, recipients, access } = entry;
  const verdict = access === undefined || access.answer === "plain" ? "" : verdictText(access);
  return [
    String(index),
    digestCell(layer.digest),
    platformName(manifest) ?? "",
    sizeCell(layer.size),
    schemes.join(","),
    ...(form.keys ? [verdict] : []),
    recipients.map(({ label }) => label).join(", "),
  ];
}

function platformName({ platform }: ManifestReport): string | null {
  return platform === undefined ? null : printPlatform(platform);
}
