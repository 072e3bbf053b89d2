import { store } from "../../options/registry/endpoints.js";
import type { Command } from "../command.js";

/** `tag IMAGE NAME`. */
export const tag: Command = {
  arguments: [
    { name: "IMAGE", names: "name", about: "a name or a digest in the local store" },
    { name: "NAME", names: "name", about: "the name it gets as well; what had that name loses it" },
  ],
  flags: [store],
  examples: ["oci-enc tag app:1-enc registry.example/app:1-enc"],
  async run({ arguments: [from = "", to = ""], options, info, progress, signal }) {
    const { tagImage } = await import("../../../doors/transport.js");
    const { name, digest, changed } = await tagImage(from, to, { store: options.get(store), progress, signal });
    if (!changed) info("unchanged");
    return { kind: "report", document: { reference: name, digest, changed }, text: digest, writes: true };
  },
};
