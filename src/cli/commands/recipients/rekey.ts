import { type Flag, toggle } from "../../options/flag.js";
import { inPlace, inPlaceTarget, requireInPlace } from "../../options/in-place.js";
import {
  anonymous,
  openingFlags,
  readSettings,
  recipient,
  recipientsFile,
  settingFlags,
} from "../../options/keys/key-flags.js";
import { readKeys, readNamedRecipients, readRecipients, readRecipientsFile } from "../../options/keys/keys.js";
import { readLayers } from "../../options/layers.js";
import { readLimits } from "../../options/limits.js";
import { readPlatforms } from "../../options/platforms.js";
import type { Command, Invocation } from "../command.js";
import { transferConflicts, transferNeeds } from "../transfer/transfer-flags.js";
import { recipientsArguments, recipientsFlags } from "./recipients-flags.js";

const keepRecipients: Flag<boolean> = toggle({
  name: "keep-recipients",
  about: "encrypt each layer for the recipients that it has, whose public keys are those of --recipients-file or -r",
  group: "Keys:",
});

const noVerifyContent: Flag<boolean> = toggle({
  name: "no-verify-content",
  about: "accept content that differs from the digest encrypted with it, or from the config's diff id",
  group: "Layers and platforms:",
});

/** `rekey SRC [DST]`. */
export const rekey: Command = {
  arguments: [...recipientsArguments.slice(0, 1), inPlaceTarget("where the image goes")],
  flags: [
    ...openingFlags,
    recipient,
    recipientsFile,
    keepRecipients,
    anonymous,
    ...settingFlags,
    noVerifyContent,
    inPlace,
    ...recipientsFlags,
  ],
  needs: [[keepRecipients, recipientsFile, recipient], ...transferNeeds],
  conflicts: transferConflicts,
  examples: [
    "oci-enc rekey -k key.pem -r jwe:alice.pub.pem app:1-enc",
    "oci-enc rekey -k key.pem --keep-recipients --recipients-file team.txt oci:encrypted:app oci:encrypted:app-2",
    "oci-enc rekey -k key.pem -r jwe:alice.pub.pem --in-place docker://registry.example/app:1-enc",
  ],
  async run(invocation) {
    await requireInPlace(invocation);
    const { options, progress, signal } = invocation;
    const [{ rekeyLayers }, { transferImage }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../transfer/transfer.js"),
    ]);
    const transform = await rekeyLayers({
      open: await readKeys(invocation),
      ...(await readNewRecipients(invocation)),
      select: await readLayers(options),
      anonymous: options.get(anonymous),
      verifyContent: !options.get(noVerifyContent),
      limits: readLimits(options),
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

/** A file lists the recipients, or with `--keep-recipients` those who may be recipients now. */
async function readNewRecipients(invocation: Invocation) {
  const { options } = invocation;
  if (!options.get(keepRecipients)) return { recipients: await readRecipients(invocation) };
  const listed = options.get(recipientsFile);
  const recipients = await readNamedRecipients(invocation);
  if (listed === undefined) return { recipients: [], keep: recipients };
  return { recipients, keep: await readRecipientsFile(listed, invocation) };
}
