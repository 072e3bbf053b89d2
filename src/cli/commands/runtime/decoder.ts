import { type Flag, single } from "../../options/flag.js";
import { refuseJson } from "../../options/output.js";
import type { Command } from "../command.js";

const keysPath: Flag<string | undefined> = single({
  name: "decryption-keys-path",
  placeholder: "DIR",
  about: "the node's private keys: every file of a directory, or one file",
  group: "Keys:",
});

const contentRoot: Flag<string | undefined> = single({
  name: "content-root",
  placeholder: "DIR",
  about:
    "the root of containerd's configuration, where a layer without a payload is looked up; default: the usual ones",
  group: "Keys:",
});

/** `decoder`: what `ctd-decoder` is, under another name. Containerd prescribes how it fails. */
export const decoder: Command = {
  arguments: [],
  flags: [keysPath, contentRoot],
  // Containerd starts it for every layer, with a node's keys: what it does depends on what it is started with alone.
  configuration: "unread",
  examples: ["oci-enc decoder --decryption-keys-path /etc/containerd/ocicrypt/keys 3<payload <layer >decrypted"],
  async run({ options, signal }) {
    refuseJson(options);
    const { runDecoder } = await import("../../../doors/node.js");
    await runDecoder({ keysPath: options.get(keysPath), contentRoot: options.get(contentRoot), signal });
    return { kind: "status", status: 0 };
  },
  async failure(error) {
    const { failureLines, holdOutput } = await import("../../../doors/internal.js");
    holdOutput();
    return { status: 1, text: failureLines(error).trimEnd() };
  },
};
