import { OciEncError } from "../../../errors.js";
import { readRegistry } from "../../options/registry/registry.js";
import { registryFlags } from "../../options/registry/registry-flags.js";
import type { Command } from "../command.js";

/** `delete docker://…`. */
export const deleteFromRegistry: Command = {
  arguments: [{ name: "IMAGE", about: "docker:// and a name: its manifest goes, and every tag that names it" }],
  flags: registryFlags,
  examples: ["oci-enc delete docker://registry.example/app:1"],
  async run(invocation) {
    const { signal, progress } = invocation;
    const [image = ""] = invocation.arguments;
    const { credentialsHint, deleteImage, parseReference, redactedReference } = await import(
      "../../../transport/index.js"
    );
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
