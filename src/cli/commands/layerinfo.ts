import { onlyEndpoint, sourceFlags } from "../options/endpoints.js";
import { type Flag, toggle } from "../options/flag.js";
import { hasKeys, openingFlags, readSettings, settingFlags } from "../options/key-flags.js";
import { readKeys } from "../options/keys.js";
import { platform, readPlatforms } from "../options/platforms.js";
import type { Command } from "./command.js";

const compat: Flag<boolean> = toggle({
  name: "compat",
  about: "print recipients as ctr-enc does: [jwe]",
  group: "Output:",
});

/** `layerinfo IMAGE`. */
export const layerinfo: Command = {
  arguments: [
    { name: "IMAGE", about: "a name in the local store, docker://, oci:, oci-archive:, docker-archive: or dir:" },
  ],
  flags: [...openingFlags, ...settingFlags, platform, compat, ...sourceFlags],
  examples: [
    "oci-enc layerinfo app:1-enc",
    "oci-enc layerinfo --platform linux/amd64 --key key.pem oci:sealed:app",
    "oci-enc layerinfo --json oci-archive:app-enc.tar",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ inspectImage }, { layerDocument, layerTable }] = await Promise.all([
      import("../../index.js"),
      import("../output/layer-table.js"),
    ]);
    const image = await inspectImage(invocation.arguments[0] ?? "", {
      platforms: await readPlatforms(options),
      keys: hasKeys(options) ? await readKeys(invocation) : undefined,
      settings: readSettings(options),
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    });
    return {
      kind: "report",
      document: layerDocument(image),
      text: layerTable(image, { compat: options.get(compat), keys: hasKeys(options) }),
    };
  },
};
