import { openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { readLimits } from "../../options/limits.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { readRules, trustConflicts, trustFlags, trustNeeds } from "../../options/signing/trust-flags.js";
import { onePlatform, readPlatform } from "../../options/unpacking.js";
import { tableWidth, wide } from "../../options/wide.js";
import type { Command } from "../command.js";

/** `ls IMAGE [PATH]`. */
export const ls: Command = {
  arguments: [
    { name: "IMAGE", names: "image", about: "a name in the local store, or a reference to an image anywhere" },
    { name: "PATH", about: "what to list; default /", optional: true },
  ],
  flags: [...openingFlags, ...settingFlags, onePlatform, ...trustFlags, ...sourceFlags, wide],
  conflicts: trustConflicts,
  needs: trustNeeds,
  examples: ["oci-enc ls app:1 /etc", "oci-enc ls -k key.pem --platform linux/arm64 app:1-enc /usr/bin/"],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [image = "", path = "/"] = invocation.arguments;
    const [{ listImageFiles }, { fileDocument, fileTable }] = await Promise.all([
      import("../../../doors/unpack.js"),
      import("../../output/tables/file-table.js"),
    ]);
    const files = await listImageFiles(image, path, {
      platform: await readPlatform(options),
      keys: await readKeys(invocation),
      limits: readLimits(options),
      settings: readSettings(options),
      rules: await readRules(invocation),
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    });
    return {
      kind: "report",
      document: { reference: image, path, files: files.map(fileDocument) },
      text: fileTable(files, tableWidth(options)),
    };
  },
};
