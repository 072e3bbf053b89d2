import type { NodeFinding } from "../../runtime/node/check/finding.js";
import { checkNode, isNodeSetUp } from "../../runtime/node/node-check.js";
import { type MachineFinding, missing } from "./finding.js";

/**
 * What runs containers: runc or crun for `run`; and all that `runtime check` looks at, where this machine was set up as a node
 * for encrypted images. One that has containerd for other images lacks nothing.
 */
export async function checkContainers(): Promise<readonly MachineFinding[]> {
  const findings = await checkNode();
  const [runtimes, others] = [findings.filter(isRuntime).map(optional), findings.filter((one) => !isRuntime(one))];
  if (await isNodeSetUp()) return [...runtimes, ...others];
  const engines = others.filter(({ what, verdict }) => what === "containerd" && verdict === "good");
  const names = engines.map(({ message }) => message).join(", ") || "no containerd";
  const message = `${names}, and this machine is not set up to run encrypted images`;
  const remedy = "only for nodes: oci-enc runtime config prints what is needed, and oci-enc runtime check looks closer";
  return [...runtimes, { what: "containerd", ...missing(message, remedy) }];
}

function isRuntime({ what }: NodeFinding): boolean {
  return what === "runtime";
}

/** Not every machine runs containers. */
function optional(finding: NodeFinding): MachineFinding {
  if (finding.verdict === "good") return finding;
  return { ...finding, verdict: "missing", remedy: `only for oci-enc run: ${finding.remedy}` };
}
