import type { ImageReport } from "../../../doors/index.js";
import { listTransports } from "../../../transport/references.js";
import { type Flag, toggle } from "../../options/flag.js";
import { hasKeys, openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { excludeLayer, layer, readLayers } from "../../options/layers.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { tableWidth, wide } from "../../options/wide.js";
import type { NameOfKey } from "../../output/tables/compat-table.js";
import type { Command, Invocation } from "../command.js";

const compat: Flag<boolean> = toggle({
  name: "compat",
  about: "print the table that ctr-enc prints",
  group: "Output:",
});

const keyIds: Flag<boolean> = toggle({
  name: "key-ids",
  short: "n",
  about: "with --compat: key ids of OpenPGP keys, and not the addresses that gpg knows for them",
  group: "Output:",
});

/** `layerinfo IMAGE`. */
export const layerinfo: Command = {
  arguments: [{ name: "IMAGE", names: "image", about: listTransports() }],
  flags: [...openingFlags, ...settingFlags, layer, excludeLayer, platform, compat, keyIds, ...sourceFlags, wide],
  needs: [[keyIds, compat]],
  examples: [
    "oci-enc layerinfo app:1-enc",
    "oci-enc layerinfo --platform linux/amd64 --key key.pem oci:encrypted:app",
    "oci-enc layerinfo --json oci-archive:app-enc.tar",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ inspectImage }, { layerDocument, layerTable }, { compatTable }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../../output/tables/layer-table.js"),
      import("../../output/tables/compat-table.js"),
    ]);
    const image = await inspectImage(invocation.arguments[0] ?? "", {
      platforms: await readPlatforms(options),
      select: await readLayers(options),
      keys: hasKeys(options) ? await readKeys(invocation) : undefined,
      settings: readSettings(options),
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    });
    return {
      kind: "report",
      document: layerDocument(image),
      text: options.get(compat)
        ? compatTable(image, await namesOfKeys(invocation, image))
        : layerTable(image, { keys: hasKeys(options), width: tableWidth(options) }),
    };
  },
};

/** Whoever knows the owners of ids is asked where the image has recipients of that scheme. */
async function namesOfKeys({ options, signal }: Invocation, image: ImageReport): Promise<NameOfKey> {
  if (options.get(keyIds)) return () => undefined;
  const { schemes } = await import("../../../doors/internal.js");
  const present = new Set(image.manifests.flatMap(({ layers }) => layers.flatMap((one) => one.schemes)));
  const names = new Map<string, ((id: string) => string | undefined) | undefined>();
  for (const scheme of present) {
    const compat = schemes.get(scheme)?.compat;
    if (compat?.kind === "ids") names.set(scheme, await compat.names({ ...readSettings(options), signal }));
  }
  return (scheme, id) => names.get(scheme)?.(id);
}
