import { type CanDecryptReport, type LayerAccess, printPlatform } from "../../../doors/index.js";
import { digestCell } from "./cells.js";
import { type Column, table } from "./table.js";
import { verdictMembers, verdictText } from "./verdict-text.js";

const columns: readonly Column[] = [
  { heading: "#", align: "right", gap: 2 },
  { heading: "DIGEST", align: "left", gap: 2 },
  { heading: "PLATFORM", align: "left", gap: 2 },
  { heading: "DECRYPTS", align: "left", gap: 2 },
  { heading: "KEY", align: "left", gap: 2 },
];

/** The table of `can-decrypt`. */
export function accessTable({ layers }: CanDecryptReport, width?: number): string {
  return table(
    columns,
    layers.map((access) => [
      String(access.index),
      digestCell(access.layer.digest),
      platformName(access) ?? "-",
      verdictText(access),
      access.key ?? "-",
    ]),
    width,
  );
}

/** The document of `can-decrypt --json`. */
export function accessDocument({ reference, root, decrypts, layers }: CanDecryptReport): object {
  return {
    reference,
    digest: root.digest,
    decrypts: decrypts,
    layers: layers.map((access) => ({
      platform: platformName(access),
      index: access.index,
      digest: access.layer.digest,
      encrypted: access.encrypted,
      decrypts: access.decrypts ?? null,
      ...verdictMembers(access),
      key: access.key ?? null,
    })),
  };
}

function platformName({ platform }: LayerAccess): string | null {
  return platform ? printPlatform(platform) : null;
}
