import { OciEncError } from "../../../errors.js";
import { readRegistry } from "../../options/registry/registry.js";
import { registryFlags } from "../../options/registry/registry-flags.js";
import type { Command } from "../command.js";

/** `delete docker://…`. */
export const deleteFromRegistry: Command = {
  arguments: [
    { name: "IMAGE", names: "name", about: "docker:// and a name: its manifest goes, and every tag that names it" },
  ],
  flags: registryFlags,
  examples: ["oci-enc delete docker://registry.example/app:1"],
  async run(invocation) {
    const { signal, progress } = invocation;
    const [image = ""] = invocation.arguments;
    const [{ deleteImage, parseReference }, { credentialsHint, redactedReference }] = await Promise.all([
      import("../../../doors/transport.js"),
      import("../../../doors/internal.js"),
    ]);
    if (!parseReference(image).row.remote) {
      throw new OciEncError("USAGE", `${redactedReference(image)} is not an image in a registry`, {
        hint: credentialsHint(image) ?? "write docker://HOST/REPO:TAG; `oci-enc rm` removes from the local store",
      });
    }
    const { reference, digest } = await deleteImage(image, {
      registry: await readRegistry(invocation),
      signal,
      progress,
    });
    return { kind: "report", document: { reference, digest }, text: digest, writes: true };
  },
};
