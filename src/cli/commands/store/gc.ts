import type { Garbage } from "../../../doors/transport.js";
import { store } from "../../options/registry/endpoints.js";
import { byteCount } from "../../output/byte-count.js";
import type { Command } from "../command.js";
import { dryRun } from "../transfer/transfer-flags.js";

/** `gc`. */
export const gc: Command = {
  arguments: [],
  flags: [dryRun, store],
  examples: ["oci-enc gc --dry-run", "oci-enc gc --store /srv/layout"],
  async run({ options, info, progress, signal }) {
    const { collectGarbage } = await import("../../../doors/transport.js");
    const garbage = await collectGarbage({ store: options.get(store), dryRun: options.get(dryRun), progress, signal });
    const verb = options.get(dryRun) ? "would remove" : "removed";
    const counts = [...counted(garbage, "blobs"), ...counted(garbage.partialBlobs, "partial blobs")];
    if (counts.length === 0) info("nothing to remove");
    for (const count of counts) info(`${verb} ${count}`);
    for (const why of reasons(garbage)) info(`some blobs stay: ${why}`);
    for (const why of reasons(garbage.partialBlobs)) info(`some partial blobs stay: ${why}`);
    return {
      kind: "report",
      failure: garbage.failure,
      document: { ...listed(garbage), partialBlobs: listed(garbage.partialBlobs) },
      text: garbage.removed.map(({ digest }) => digest).join("\n"),
      writes: true,
    };
  },
};

type Removed = Garbage["partialBlobs"];

interface Listed {
  readonly removed: readonly { readonly digest: string; readonly size: number }[];
  readonly kept: readonly { readonly digest: string; readonly size: number; readonly why: string }[];
}

/** As both appear in the document. */
function listed({ removed, kept }: Removed): Listed {
  return {
    removed: removed.map(({ digest, size }) => ({ digest, size })),
    kept: kept.map(({ blob, why }) => ({ digest: blob.digest, size: blob.size, why })),
  };
}

function counted({ removed }: Removed, what: string): readonly string[] {
  if (removed.length === 0) return [];
  return [`${removed.length} ${what}, ${byteCount(removed.reduce((sum, { size }) => sum + size, 0))}`];
}

function reasons({ kept }: Removed): ReadonlySet<string> {
  return new Set(kept.map(({ why }) => why));
}
