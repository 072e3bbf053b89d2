import { listTransports } from "../../../transport/references.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { tableWidth, wide } from "../../options/wide.js";
import type { Command } from "../command.js";

/** `recipients list IMAGE`. */
export const recipientsList: Command = {
  arguments: [{ name: "IMAGE", names: "image", about: listTransports(({ encrypted }) => encrypted) }],
  flags: [platform, ...sourceFlags, wide],
  examples: ["oci-enc recipients list app:1-enc", "oci-enc recipients list --json oci:encrypted:app"],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ inspectImage }, { recipientsDocument, recipientsSummary, recipientsTable }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../../output/tables/recipients-table.js"),
    ]);
    const platforms = await readPlatforms(options);
    const report = await inspectImage(invocation.arguments[0] ?? "", {
      platforms,
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    });
    invocation.info(recipientsSummary(report));
    return { kind: "report", document: recipientsDocument(report), text: recipientsTable(report, tableWidth(options)) };
  },
};
