import { OciEncError } from "../../../errors.js";
import { listTransports } from "../../../transport/references.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import type { Command } from "../command.js";
import { encryptFlags, encryptNeeds, encryptTransform, layerFlags } from "../transfer/copy-transform.js";
import {
  copyConflicts,
  copyFlags,
  readCopyFlags,
  transferConflicts,
  transferFlags,
  transferNeeds,
} from "../transfer/transfer-flags.js";

/** `push SRC [IMAGE]`. */
export const push: Command = {
  arguments: [
    { name: "SRC", names: "image", about: listTransports(({ remote }) => !remote) },
    {
      name: "IMAGE",
      names: "name",
      about: "in a registry, with or without docker://; default the name in the store",
      optional: true,
    },
  ],
  flags: [...encryptFlags, ...layerFlags, platform, ...copyFlags, ...transferFlags],
  conflicts: [...copyConflicts, ...transferConflicts],
  needs: [...encryptNeeds, ...transferNeeds],
  examples: [
    "oci-enc push localhost:5000/app:1",
    "oci-enc push -r jwe:pub.pem app:1 registry.example/app:1-enc",
    "oci-enc push oci:images:app docker://registry.example/app:1",
  ],
  async run(invocation) {
    const [{ transferImage }, { parseReference }, { redactedReference, registryReference }] = await Promise.all([
      import("../transfer/transfer.js"),
      import("../../../doors/transport.js"),
      import("../../../doors/internal.js"),
    ]);
    const [from = "", image] = invocation.arguments;
    if (image === undefined && parseReference(from).prefix !== "") {
      throw new OciEncError("USAGE", `where ${redactedReference(from)} is to be pushed is not said`, {
        hint: "name the image in the registry after it; only what is in the local store has a name of its own",
      });
    }
    const to = registryReference(image ?? from);
    const transform = await encryptTransform(invocation);
    const platforms = await readPlatforms(invocation.options);
    const copying = readCopyFlags(invocation.options);
    const how = { ...copying, transform, platforms, otherPlatforms: "drop" } as const;
    return await transferImage({ ...invocation, arguments: [from, to] }, how);
  },
};
