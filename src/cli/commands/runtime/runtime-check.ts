import { type Flag, single } from "../../options/flag.js";
import { machineReport, remedies } from "../../output/findings/machine-report.js";
import type { Command } from "../command.js";
import { nodeKeys, providerConfig } from "./runtime-config.js";

const config: Flag<string | undefined> = single({
  name: "config",
  placeholder: "FILE",
  about: "containerd's configuration; default /etc/containerd/config.toml",
  group: "Node:",
});

/** `runtime check`. */
export const runtimeCheck: Command = {
  arguments: [],
  flags: [config, nodeKeys, providerConfig],
  examples: ["oci-enc runtime check", "oci-enc runtime check --config /etc/containerd/config.toml --json"],
  async run({ options, info }) {
    const { checkNode } = await import("../../../doors/node.js");
    const findings = await checkNode({
      config: options.get(config),
      keysPath: options.get(nodeKeys),
      providerConfig: options.get(providerConfig),
    });
    for (const line of remedies(findings)) info(line);
    return machineReport(findings, "this node");
  },
};
