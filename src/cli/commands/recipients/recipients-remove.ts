import { helpOf } from "../../../crypt/schemes/index.js";
import { OciEncError } from "../../../errors.js";
import { type Flag, repeated } from "../../options/flag.js";
import { readSettings, recipientsFile, settingFlags } from "../../options/keys/key-flags.js";
import { readRecipientsFile } from "../../options/keys/keys.js";
import { readLayers } from "../../options/layers.js";
import { readPlatforms } from "../../options/platforms.js";
import type { Command } from "../command.js";
import { transferConflicts, transferNeeds } from "../transfer/transfer-flags.js";
import { readRecipientIds, recipientIds, recipientsArguments, recipientsFlags } from "./recipients-flags.js";

const group = "Recipients:";

const match = recipientIds("match", `the recipients of this name: ${helpOf("id").join(", ")}`, group);

const index: Flag<readonly string[]> = repeated({
  name: "index",
  placeholder: "N",
  about: "whoever has this number in each layer, as recipients list counts",
  group,
});

/** `recipients remove IMAGE [DST]`. */
export const recipientsRemove: Command = {
  arguments: recipientsArguments,
  flags: [match, index, recipientsFile, ...settingFlags, ...recipientsFlags],
  needs: [[recipientsFile, match], ...transferNeeds],
  conflicts: transferConflicts,
  examples: [
    "oci-enc recipients remove --match jwe:bob app:1-enc",
    "oci-enc recipients remove --index 0 --layer 2 oci:encrypted:app",
    "oci-enc recipients remove --match pkcs7:SHA256-FINGERPRINT --recipients-file team.txt app:1-enc",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ removeRecipients }, { transferImage }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../transfer/transfer.js"),
    ]);
    const listed = options.get(recipientsFile);
    const transform = await removeRecipients({
      match: await readRecipientIds(options, match),
      indexes: options.get(index).map(parseIndex),
      known: listed === undefined ? [] : await readRecipientsFile(listed, invocation),
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

function parseIndex(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new OciEncError("USAGE", `--index: ${JSON.stringify(text.slice(0, 80))} is not a number from 0 on`);
}
