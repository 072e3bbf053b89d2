import type { LayerTransform } from "../../index.js";
import { type Flag, toggle } from "../options/flag.js";
import {
  anonymous,
  hasKeys,
  key,
  keysDir,
  openingFlags,
  readSettings,
  recipient,
  recipientsFile,
  settingFlags,
} from "../options/key-flags.js";
import { readKeys, readRecipients } from "../options/keys.js";
import { excludeLayer, layer, readLayers } from "../options/layers.js";
import { platform, readPlatforms } from "../options/platforms.js";
import type { Command, Invocation } from "./command.js";
import { transferFlags } from "./transfer-flags.js";

const all: Flag<boolean> = toggle({
  name: "all",
  short: "a",
  about: "every platform, which is the default",
  group: "Layers and platforms:",
});

/** `copy SRC DST`. */
export const copy: Command = {
  arguments: [
    { name: "SRC", about: "the image: a name in the local store, oci:, oci-archive:, docker-archive: or dir:" },
    { name: "DST", about: "where the copy goes" },
  ],
  flags: [
    recipient,
    recipientsFile,
    anonymous,
    ...openingFlags,
    ...settingFlags,
    layer,
    excludeLayer,
    platform,
    all,
    ...transferFlags,
  ],
  conflicts: [
    [all, platform],
    [recipient, key],
    [recipientsFile, key],
    [recipient, keysDir],
    [recipientsFile, keysDir],
  ],
  needs: [
    [anonymous, recipient, recipientsFile],
    [layer, recipient, recipientsFile, key, keysDir],
    [excludeLayer, recipient, recipientsFile, key, keysDir],
  ],
  examples: [
    "oci-enc copy docker-archive:app.tar oci:images:app",
    "oci-enc copy --platform linux/amd64 app:1 oci-archive:app.tar",
    "oci-enc copy -r jwe:pub.pem docker-archive:app.tar oci-archive:- | ssh host tee app.tar",
  ],
  async run(invocation) {
    const { transferImage } = await import("./transfer.js");
    const transform = await transformOf(invocation);
    const platforms = await readPlatforms(invocation.options);
    return transferImage(invocation, { ...(transform && { transform }), platforms, otherPlatforms: "drop" });
  },
};

/** Undefined: the layers stay as they are. */
async function transformOf(invocation: Invocation): Promise<LayerTransform | undefined> {
  const { options, progress, signal } = invocation;
  const { decryptLayers, encryptLayers } = await import("../../index.js");
  const select = await readLayers(options);
  const settings = readSettings(options);
  if (hasKeys(options)) {
    return decryptLayers({ keys: await readKeys(invocation), select, settings, progress, signal });
  }
  if (!options.given(recipient) && !options.given(recipientsFile)) return undefined;
  const keys = await readRecipients(invocation);
  return encryptLayers({ keys, select, anonymous: options.get(anonymous), settings, progress, signal });
}
