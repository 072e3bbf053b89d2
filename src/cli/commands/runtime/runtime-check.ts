import { type Flag, single } from "../../options/flag.js";
import { machineReport, remedies } from "../../output/findings/machine-report.js";
import type { Command } from "../command.js";
import { nodeKeys, providerConfig, runtimeName } from "./runtime-config.js";

const config: Flag<string | undefined> = single({
  name: "config",
  placeholder: "FILE",
  about: "the runtime's configuration; without RUNTIME, containerd's, default /etc/containerd/config.toml",
  group: "Node:",
});

/** `runtime check`. */
export const runtimeCheck: Command = {
  arguments: [{ ...runtimeName, optional: true, about: "this one alone; default: all that are on this node" }],
  flags: [config, nodeKeys, providerConfig],
  examples: [
    "oci-enc runtime check",
    "oci-enc runtime check k3s",
    "oci-enc runtime check --config ./config.toml --json",
  ],
  async run({ arguments: [runtime], options, info }) {
    const { checkNode } = await import("../../../doors/node.js");
    const findings = await checkNode({
      runtime,
      config: options.get(config),
      keysPath: options.get(nodeKeys),
      providerConfig: options.get(providerConfig),
    });
    for (const line of remedies(findings)) info(line);
    return machineReport(findings, "this node");
  },
};
