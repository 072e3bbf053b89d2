import { readHosts } from "../../options/registry/registry.js";
import { eitherSide } from "../../options/registry/registry-flags.js";
import type { Command } from "../command.js";

/** `logout [REGISTRY]`. */
export const logout: Command = {
  arguments: [
    { name: "REGISTRY", names: "name", about: "HOST[:PORT], or a repository of it; default docker.io", optional: true },
  ],
  flags: [eitherSide.authfile],
  examples: ["oci-enc logout registry.example"],
  async run(invocation) {
    const {
      arguments: [registry = "docker.io"],
      options,
      info,
      signal,
      progress,
    } = invocation;
    const transports = await import("../../../doors/transport.js");
    const authFile = options.get(eitherSide.authfile);
    const { place, places } = await transports.logout(registry, {
      registry: { authFile, hosts: readHosts(invocation) },
      signal,
      progress,
    });
    for (const where of places) info(`removed from ${where}`);
    const document = { registry: place.host, repository: place.repository ?? null, places };
    return { kind: "report", document, text: "", writes: true };
  },
};
