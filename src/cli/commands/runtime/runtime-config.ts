import { choice, type Flag, single } from "../../options/flag.js";
import type { Command } from "../command.js";

const group = "Node:";

const decoderPath: Flag<string | undefined> = single({
  name: "decoder",
  placeholder: "PATH",
  about: "where the stream processor is; default ctd-decoder, looked up on containerd's PATH",
  group,
});

const containerdVersion: Flag<"1" | "2"> = choice(
  { name: "containerd-version", about: "the major version of containerd", group },
  ["1", "2"],
);

/** Where the node's keys are. */
export const nodeKeys: Flag<string | undefined> = single({
  name: "decryption-keys-path",
  placeholder: "DIR",
  about: "the node's private keys; default /etc/containerd/ocicrypt/keys",
  group,
});

/** Where the node's key providers are listed. */
export const providerConfig: Flag<string | undefined> = single({
  name: "keyprovider-config",
  placeholder: "FILE",
  about: "the list of key providers; default /etc/containerd/ocicrypt/ocicrypt_keyprovider.conf",
  group,
});

/** `runtime config RUNTIME`. */
export const runtimeConfig: Command = {
  arguments: [{ name: "RUNTIME", about: "containerd, crio or k3s", choices: ["containerd", "crio", "k3s"] }],
  flags: [decoderPath, containerdVersion, nodeKeys, providerConfig],
  examples: [
    "oci-enc runtime config containerd",
    "oci-enc runtime config containerd --containerd-version 2 --decoder $(command -v ctd-decoder)",
    "oci-enc runtime config k3s >/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl",
  ],
  async run({ arguments: [name = ""], options }) {
    const { nodeConfig, nodeRuntimes } = await import("../../../doors/node.js");
    const runtime = nodeRuntimes.find((known) => known === name) ?? nodeRuntimes[0];
    const text = nodeConfig(runtime, {
      decoder: options.get(decoderPath),
      keysPath: options.get(nodeKeys),
      providerConfig: options.get(providerConfig),
      containerd: options.get(containerdVersion) === "2" ? 2 : 1,
    });
    return { kind: "report", document: { runtime, config: text }, text: text.trimEnd() };
  },
};
