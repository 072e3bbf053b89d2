import {
  anonymous,
  openingFlags,
  readSettings,
  recipient,
  recipientsFile,
  settingFlags,
} from "../../options/keys/key-flags.js";
import { readKeys, readRecipients } from "../../options/keys/keys.js";
import { readLayers } from "../../options/layers.js";
import { readPlatforms } from "../../options/platforms.js";
import type { Command } from "../command.js";
import { transferConflicts, transferNeeds } from "../transfer/transfer-flags.js";
import { recipientsArguments, recipientsFlags } from "./recipients-flags.js";

/** `recipients add IMAGE [DST]`. */
export const recipientsAdd: Command = {
  arguments: recipientsArguments,
  flags: [...openingFlags, recipient, recipientsFile, anonymous, ...settingFlags, ...recipientsFlags],
  conflicts: transferConflicts,
  needs: transferNeeds,
  examples: [
    "oci-enc recipients add -k key.pem -r jwe:bob.pub.pem app:1-enc",
    "oci-enc recipients add -k key.pem -r pkcs7:node.crt --platform linux/arm64 oci:encrypted:app oci:encrypted:app-node",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ addRecipients }, { transferImage }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../transfer/transfer.js"),
    ]);
    const transform = await addRecipients({
      open: await readKeys(invocation),
      add: await readRecipients(invocation),
      select: await readLayers(options),
      anonymous: options.get(anonymous),
      settings: readSettings(options),
      progress,
      signal,
    });
    return await transferImage(invocation, {
      transform,
      platforms: await readPlatforms(options),
    });
  },
};
