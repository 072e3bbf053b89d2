import { openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { readLimits } from "../../options/limits.js";
import { refuseJson } from "../../options/output.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { readRules, trustConflicts, trustFlags, trustNeeds } from "../../options/signing/trust-flags.js";
import { onePlatform, readPlatform } from "../../options/unpacking.js";
import type { Command } from "../command.js";

/** `cat IMAGE PATH`. */
export const cat: Command = {
  arguments: [
    { name: "IMAGE", names: "image", about: "a name in the local store, or a reference to an image anywhere" },
    { name: "PATH", about: "the file to print, links followed inside the image" },
  ],
  flags: [...openingFlags, ...settingFlags, onePlatform, ...trustFlags, ...sourceFlags],
  conflicts: trustConflicts,
  needs: trustNeeds,
  examples: ["oci-enc cat app:1 /etc/os-release", "oci-enc cat -k key.pem app:1-enc /app/model.bin >model.bin"],
  async run(invocation) {
    refuseJson(invocation.options);
    const { options, progress, signal } = invocation;
    const [image = "", path = ""] = invocation.arguments;
    const { readImageFile } = await import("../../../doors/unpack.js");
    const bytes = readImageFile(image, path, {
      platform: await readPlatform(options),
      keys: await readKeys(invocation),
      limits: readLimits(options),
      settings: readSettings(options),
      rules: await readRules(invocation),
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    });
    return { kind: "stream", bytes };
  },
};
