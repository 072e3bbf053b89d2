import { rowOfSuffix, schemes } from "../../../crypt/schemes/index.js";
import { type ImageReport, type InspectedLayer, printPlatform } from "../../../doors/index.js";
import { printable } from "../printable.js";

/** What people call the owner of a recipient's id, by the name of the scheme; undefined where that is not known. */
export type NameOfKey = (scheme: string, id: string) => string | undefined;

const headings = ["#", "DIGEST", "PLATFORM", "SIZE", "ENCRYPTION", "RECIPIENTS"];

/** The table of layers as ctr-enc prints it, to the letter, for scripts that read that; nothing where there is no layer. */
export function compatTable({ manifests }: ImageReport, nameOf: NameOfKey): string {
  const rows = manifests
    .filter(({ attestation }) => !attestation)
    .flatMap(({ platform, layers }) => layers.map((entry) => row(platform && printPlatform(platform), entry, nameOf)));
  if (rows.length === 0) return "";
  const cells = [headings, ...rows.map((cells) => cells.map(printable))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => `   ${cell.padStart(widths[column] ?? 0)}`).join("");
  return cells.map(line).join("\n");
}

function row(platform: string | undefined, entry: InspectedLayer, nameOf: NameOfKey): readonly string[] {
  const { index, layer, annotationSuffixes: suffixes, recipients } = entry;
  const named = suffixes.filter((suffix) => rowOfSuffix(suffix)?.compat === undefined).map((suffix) => `[${suffix}]`);
  const ids = recipients.flatMap(({ scheme, id }) => {
    const compat = schemes.get(scheme)?.compat;
    return compat?.kind === "ids" ? [nameOf(scheme, id) ?? compat.print(id)] : [];
  });
  const whom = [...named, ...ids].toSorted();
  const size = String(layer.size);
  return [String(index), layer.digest, platform ?? "", size, suffixes.toSorted().join(","), whom.join(", ")];
}
