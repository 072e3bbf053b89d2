import { listTransports } from "../../../transport/references.js";
import { filePlainMode } from "../../options/plain-mode.js";
import { allPlatforms, platform, readPlatforms } from "../../options/platforms.js";
import type { Command } from "../command.js";
import {
  decryptFlags,
  decryptTransform,
  encryptFlags,
  encryptOrDecryptConflicts,
  encryptOrDecryptNeeds,
  encryptTransform,
  layerFlags,
} from "../transfer/copy-transform.js";
import {
  copyConflicts,
  copyFlags,
  readCopyFlags,
  transferConflicts,
  transferFlags,
  transferNeeds,
} from "../transfer/transfer-flags.js";

/** `copy SRC DST`. */
export const copy: Command = {
  arguments: [
    {
      name: "SRC",
      names: "image",
      about: `the image: ${listTransports()}`,
    },
    { name: "DST", names: "image", about: "where the copy goes" },
  ],
  flags: [
    ...encryptFlags,
    ...decryptFlags,
    ...layerFlags,
    platform,
    allPlatforms,
    ...copyFlags,
    ...transferFlags,
    filePlainMode,
  ],
  conflicts: [[allPlatforms, platform], ...encryptOrDecryptConflicts, ...copyConflicts, ...transferConflicts],
  needs: [...encryptOrDecryptNeeds, ...transferNeeds],
  examples: [
    "oci-enc copy docker-archive:app.tar oci:images:app",
    "oci-enc copy --platform linux/amd64 app:1 oci-archive:app.tar",
    "oci-enc copy docker://registry.example/app:1 docker://mirror.example/app:1",
    "oci-enc copy -r jwe:pub.pem docker-archive:app.tar oci-archive:- | ssh host tee app.tar",
  ],
  async run(invocation) {
    const { transferImage } = await import("../transfer/transfer.js");
    const transform = (await encryptTransform(invocation)) ?? (await decryptTransform(invocation));
    const platforms = await readPlatforms(invocation.options);
    const plainMode = invocation.options.get(filePlainMode);
    const copying = readCopyFlags(invocation.options);
    return await transferImage(invocation, { ...copying, transform, platforms, otherPlatforms: "drop", plainMode });
  },
};
