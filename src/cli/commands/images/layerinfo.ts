import type { ImageReport } from "../../../index.js";
import { type Flag, toggle } from "../../options/flag.js";
import { hasKeys, openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { excludeLayer, layer, readLayers } from "../../options/layers.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
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
  arguments: [
    { name: "IMAGE", about: "a name in the local store, docker://, oci:, oci-archive:, docker-archive: or dir:" },
  ],
  flags: [...openingFlags, ...settingFlags, layer, excludeLayer, platform, compat, keyIds, ...sourceFlags],
  needs: [[keyIds, compat]],
  examples: [
    "oci-enc layerinfo app:1-enc",
    "oci-enc layerinfo --platform linux/amd64 --key key.pem oci:encrypted:app",
    "oci-enc layerinfo --json oci-archive:app-enc.tar",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ inspectImage }, { layerDocument, layerTable }, { compatTable }] = await Promise.all([
      import("../../../index.js"),
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
        : layerTable(image, { keys: hasKeys(options) }),
    };
  },
};

/** gpg is asked where the image is for OpenPGP keys, and somebody has a keyring: it would make one. */
async function namesOfKeys({ options, signal }: Invocation, image: ImageReport): Promise<NameOfKey> {
  const unknown = () => undefined;
  const slots = image.manifests.flatMap(({ layers }) => layers.flatMap((one) => one.slots));
  if (options.get(keyIds) || !slots.includes("pgp")) return unknown;
  const { keyringAddresses } = await import("../../../doors/internal.js");
  return (await keyringAddresses({ ...readSettings(options), signal })) ?? unknown;
}
