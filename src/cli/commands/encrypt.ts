import { choice, type Flag } from "../options/flag.js";
import { anonymous, readSettings, recipient, recipientsFile, settingFlags } from "../options/key-flags.js";
import { readRecipients } from "../options/keys.js";
import { excludeLayer, layer, readLayers } from "../options/layers.js";
import { platform, readPlatforms } from "../options/platforms.js";
import type { Command } from "./command.js";
import { otherPlatforms } from "./platform-choice.js";
import { transferFlags } from "./transfer-flags.js";

const group = "Layers and platforms:";

const ifEncrypted: Flag<"fail" | "skip"> = choice(
  { name: "if-encrypted", about: "what to do with a layer that is sealed already", group },
  ["fail", "skip"],
);

const nondistributable: Flag<"fail" | "skip" | "encrypt"> = choice(
  { name: "nondistributable", about: "what to do with a layer that may be fetched from elsewhere", group },
  ["fail", "skip", "encrypt"],
);

const attestations: Flag<"keep" | "drop"> = choice(
  { name: "attestations", about: "what to do with attestations, which list the content in the clear", group },
  ["keep", "drop"],
);

/** `encrypt SRC [DST]`. */
export const encrypt: Command = {
  arguments: [
    { name: "SRC", about: "the image to seal: a name in the local store, oci:, oci-archive:, docker-archive: or dir:" },
    { name: "DST", about: "where the sealed image goes; default: in place of SRC", optional: true },
  ],
  flags: [
    recipient,
    recipientsFile,
    anonymous,
    ...settingFlags,
    layer,
    excludeLayer,
    platform,
    otherPlatforms,
    ifEncrypted,
    nondistributable,
    attestations,
    ...transferFlags,
  ],
  needs: [[otherPlatforms, platform]],
  examples: [
    "oci-enc encrypt -r jwe:pub.pem app:1 app:1-enc",
    "oci-enc encrypt -r jwe:alice.pem -r jwe:bob.pem oci:images:app oci:sealed:app",
    "oci-enc encrypt -r jwe:pub.pem --layer=-1 --platform linux/amd64 docker-archive:app.tar oci-archive:app-enc.tar",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ encryptLayers }, { transferImage }] = await Promise.all([
      import("../../index.js"),
      import("./transfer.js"),
    ]);
    const transform = await encryptLayers({
      keys: await readRecipients(invocation),
      select: await readLayers(options),
      anonymous: options.get(anonymous),
      ifEncrypted: options.get(ifEncrypted),
      nondistributable: options.get(nondistributable),
      attestations: options.get(attestations),
      settings: readSettings(options),
      progress,
      signal,
    });
    const platforms = await readPlatforms(options);
    return transferImage(invocation, { transform, platforms, otherPlatforms: options.get(otherPlatforms) });
  },
};
