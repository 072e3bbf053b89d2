import { store } from "../../options/registry/endpoints.js";
import { byteCount } from "../../output/byte-count.js";
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
  flags: [store],
  examples: ["oci-enc images", "oci-enc images --store /srv/layout --json"],
  async run({ options, progress, signal }) {
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
    const rows = found.map(({ name, digest, platforms, encrypted, size }) => [
      name ?? "<none>",
      digest,
      platforms.join(","),
      encrypted,
      byteCount(size),
    ]);
    const documents = found.map((image) => ({ ...image, name: image.name ?? null, problem: image.problem ?? null }));
    return { kind: "report", document: { images: documents }, text: table(columns, rows) };
  },
};
