import { type ImageReport, type InspectedLayer, printPlatform } from "../../../index.js";
import { printable } from "../printable.js";

/** What gpg calls the key of a long key id; undefined where it does not know it. */
export type NameOfKey = (keyId: string) => string | undefined;

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
  const { index, layer, slots, recipients } = entry;
  const openpgp = recipients.filter(({ scheme }) => scheme === "pgp").map(({ id }) => nameOf(id) ?? shortened(id));
  const others = slots.filter((slot) => slot !== "pgp" && !slot.startsWith("provider.")).map((slot) => `[${slot}]`);
  const whom = [...others, ...openpgp].toSorted();
  const size = String(layer.size);
  return [String(index), layer.digest, platform ?? "", size, slots.toSorted().join(","), whom.join(", ")];
}

/** A number, as ctr-enc writes key ids. */
function shortened(keyId: string): string {
  return `0x${BigInt(keyId === "" ? 0 : keyId).toString(16)}`;
}
