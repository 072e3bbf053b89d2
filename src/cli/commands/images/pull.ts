import { filePlainMode } from "../../options/plain-mode.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import type { Command } from "../command.js";
import { decryptFlags, decryptNeeds, decryptTransform, layerFlags } from "../transfer/copy-transform.js";
import {
  copyConflicts,
  copyFlags,
  readCopyFlags,
  transferConflicts,
  transferFlags,
  transferNeeds,
} from "../transfer/transfer-flags.js";

/** `pull IMAGE [DST]`. */
export const pull: Command = {
  arguments: [
    {
      name: "IMAGE",
      names: "name",
      about: "in a registry, with or without docker://; short names go by registries.conf",
    },
    {
      name: "DST",
      names: "image",
      about: "where it goes; default the local store, under its own name",
      optional: true,
    },
  ],
  flags: [...decryptFlags, ...layerFlags, platform, ...copyFlags, ...transferFlags, filePlainMode],
  conflicts: [...copyConflicts, ...transferConflicts],
  needs: [...decryptNeeds, ...transferNeeds],
  examples: [
    "oci-enc pull docker.io/library/bash:latest",
    "oci-enc pull --platform linux/amd64 registry.example/app:1",
    "oci-enc pull -k key.pem registry.example/app:1-enc app:1",
  ],
  async run(invocation) {
    const [{ pullImage }, { transferImage }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../transfer/transfer.js"),
    ]);
    const [image = "", target] = invocation.arguments;
    const transform = await decryptTransform(invocation);
    const platforms = await readPlatforms(invocation.options);
    const plainMode = invocation.options.get(filePlainMode);
    const copying = readCopyFlags(invocation.options);
    const how = { ...copying, transform, platforms, otherPlatforms: "drop", plainMode } as const;
    return await transferImage(invocation, how, (options) => pullImage(image, target, options));
  },
};
