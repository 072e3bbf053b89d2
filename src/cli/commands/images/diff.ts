import { listTransports } from "../../../transport/references.js";
import { hasKeys, openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { otherEndpoint, pairFlags, sourceEndpoint } from "../../options/registry/endpoints.js";
import { tableWidth, wide } from "../../options/wide.js";
import type { Command } from "../command.js";

/** `diff A B`. */
export const diff: Command = {
  arguments: [
    { name: "A", names: "image", about: `an image: ${listTransports()}` },
    { name: "B", names: "image", about: "the image to compare it with" },
  ],
  flags: [...openingFlags, ...settingFlags, platform, ...pairFlags, wide],
  examples: ["oci-enc diff app:1-enc app:2-enc", "oci-enc diff -k key.pem app:1 app:1-enc"],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ diffImages }, { diffDocument, diffTable }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../../output/tables/diff-table.js"),
    ]);
    const [a = "", b = ""] = invocation.arguments;
    const report = await diffImages(a, b, {
      keys: hasKeys(options) ? await readKeys(invocation) : undefined,
      platforms: await readPlatforms(options),
      settings: readSettings(options),
      source: await sourceEndpoint(invocation),
      other: await otherEndpoint(invocation),
      progress,
      signal,
    });
    return { kind: "report", document: diffDocument(report), text: diffTable(report, tableWidth(options)) };
  },
};
