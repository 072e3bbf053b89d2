import { readRegistry } from "../../options/registry/registry.js";
import { registryFlags } from "../../options/registry/registry-flags.js";
import type { Command } from "../command.js";

/** `list-tags REPO`. */
export const listTags: Command = {
  arguments: [{ name: "REPO", names: "name", about: "a repository, with or without docker://" }],
  flags: registryFlags,
  examples: ["oci-enc list-tags docker://registry.example/app"],
  async run(invocation) {
    const { signal, progress } = invocation;
    const transports = await import("../../../doors/transport.js");
    const registry = await readRegistry(invocation);
    const { repository, tags } = await transports.listTags(invocation.arguments[0] ?? "", {
      registry,
      signal,
      progress,
    });
    return { kind: "report", document: { repository, tags }, text: tags.join("\n") };
  },
};
