import { store } from "../../options/registry/endpoints.js";
import { tableWidth, wide } from "../../options/wide.js";
import { byteCount } from "../../output/byte-count.js";
import { digestCell } from "../../output/tables/cells.js";
import { type Column, table } from "../../output/tables/table.js";
import type { Command } from "../command.js";

const columns: readonly Column[] = [
  { heading: "NAME", align: "left", gap: 0 },
  { heading: "DIGEST", align: "left", gap: 2 },
  { heading: "PLATFORMS", align: "left", gap: 2 },
  { heading: "ENCRYPTED", align: "left", gap: 2 },
  { heading: "SIZE", align: "right", gap: 2 },
];

/** `images`. */
export const images: Command = {
  arguments: [],
  flags: [store, wide],
  examples: ["oci-enc images", "oci-enc images --store /srv/layout --json"],
  async run({ options, progress, signal, info }) {
    const { listImages } = await import("../../../doors/transport.js");
    const found = await listImages({ store: options.get(store), signal });
    for (const { name, digest, problem } of found) {
      if (problem !== undefined) {
        progress({
          type: "warning",
          code: "IMAGE_DAMAGED",
          message: `${name ?? digest} cannot be read whole: ${problem}`,
        });
      }
    }
    if (found.length === 0) info("there are no images here; oci-enc pull and oci-enc copy bring some");
    const rows = found.map(({ name, digest, platforms, encrypted, size }) => [
      name ?? "<none>",
      digestCell(digest),
      platforms.join(","),
      encrypted,
      byteCount(size),
    ]);
    const documents = found.map((image) => ({ ...image, name: image.name ?? null, problem: image.problem ?? null }));
    return { kind: "report", document: { images: documents }, text: table(columns, rows, tableWidth(options)) };
  },
};
