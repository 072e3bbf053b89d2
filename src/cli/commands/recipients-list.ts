import { sourceEndpoint, store, tmpdir } from "../options/endpoints.js";
import { platform, readPlatforms } from "../options/platforms.js";
import type { Command } from "./command.js";

/** `recipients list IMAGE`. */
export const recipientsList: Command = {
  arguments: [{ name: "IMAGE", about: "a name in the local store, oci:, oci-archive: or dir:" }],
  flags: [platform, store, tmpdir],
  examples: ["oci-enc recipients list app:1-enc", "oci-enc recipients list --json oci:sealed:app"],
  async run({ arguments: [image = ""], options, progress, signal }) {
    const [{ inspectImage }, { recipientsDocument, recipientsTable }] = await Promise.all([
      import("../../index.js"),
      import("../output/recipients-table.js"),
    ]);
    const platforms = await readPlatforms(options);
    const report = await inspectImage(image, { platforms, source: sourceEndpoint(options), progress, signal });
    return { kind: "report", document: recipientsDocument(report), text: recipientsTable(report) };
  },
};
