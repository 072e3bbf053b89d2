import type { NodeFinding } from "../../../doors/node.js";
import { OciEncError } from "../../../errors.js";
import { type Flag, single } from "../../options/flag.js";
import { type Column, table } from "../../output/tables/table.js";
import type { Command } from "../command.js";
import { nodeKeys, providerConfig } from "./runtime-config.js";

const config: Flag<string | undefined> = single({
  name: "config",
  placeholder: "FILE",
  about: "containerd's configuration; default /etc/containerd/config.toml",
  group: "Node:",
});

const columns: readonly Column[] = [
  { heading: "WHAT", align: "left", gap: 0 },
  { heading: "VERDICT", align: "left", gap: 2 },
  { heading: "FINDING", align: "left", gap: 2 },
];

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
    const bad = findings.filter(({ verdict }) => verdict === "wrong");
    for (const { remedy, what } of findings) if (remedy !== undefined) info(`${what}: ${remedy}`);
    return {
      kind: "report",
      failure: failureOf(bad),
      document: {
        ready: bad.length === 0,
        findings: findings.map(({ remedy, ...finding }) => ({ ...finding, remedy: remedy ?? null })),
      },
      text: table(
        columns,
        findings.map(({ what, verdict, message }) => [what, verdict, message]),
      ),
    };
  },
};

/** Not ready is a check that says no, so that scripts can stop at the status. */
function failureOf(bad: readonly NodeFinding[]): OciEncError | undefined {
  if (bad.length === 0) return undefined;
  return new OciEncError("UNTRUSTED", `this node is not ready: ${bad.map(({ what }) => what).join(", ")}`, {
    hint: bad.find(({ remedy }) => remedy !== undefined)?.remedy ?? "see the findings",
  });
}
