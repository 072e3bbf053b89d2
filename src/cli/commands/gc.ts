import { store } from "../options/endpoints.js";
import { byteCount } from "../output/byte-count.js";
import type { Command } from "./command.js";
import { dryRun } from "./transfer-flags.js";

/** `gc`. */
export const gc: Command = {
  arguments: [],
  flags: [dryRun, store],
  examples: ["oci-enc gc --dry-run", "oci-enc gc --store /srv/layout"],
  async run({ options, notice, signal }) {
    const { collectGarbage } = await import("../../transport/index.js");
    const { removed, kept } = await collectGarbage({ store: options.get(store), dryRun: options.get(dryRun), signal });
    const bytes = removed.reduce((sum, { size }) => sum + size, 0);
    const verb = options.get(dryRun) ? "would remove" : "removed";
    notice(removed.length === 0 ? "nothing to remove" : `${verb} ${removed.length} blobs, ${byteCount(bytes)}`);
    for (const why of new Set(kept.map((entry) => entry.why))) notice(`some blobs stay: ${why}`);
    return {
      kind: "report",
      document: {
        removed: removed.map(({ digest, size }) => ({ digest, size })),
        kept: kept.map(({ blob, why }) => ({ digest: blob.digest, size: blob.size, why })),
      },
      text: removed.map(({ digest }) => digest).join("\n"),
      writes: true,
    };
  },
};
