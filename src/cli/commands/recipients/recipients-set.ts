import {
  hasKeys,
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

/** `recipients set IMAGE [DST]`. */
export const recipientsSet: Command = {
  arguments: recipientsArguments,
  flags: [...openingFlags, recipientsFile, recipient, ...settingFlags, ...recipientsFlags],
  conflicts: transferConflicts,
  needs: transferNeeds,
  examples: [
    "oci-enc recipients set -k key.pem --recipients-file team.txt app:1-enc",
    "oci-enc recipients set --dry-run -k key.pem --recipients-file team.txt oci:encrypted:app",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ setRecipients }, { transferImage }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../transfer/transfer.js"),
    ]);
    const transform = await setRecipients({
      open: hasKeys(options) ? await readKeys(invocation) : [],
      recipients: await readRecipients(invocation),
      select: await readLayers(options),
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
