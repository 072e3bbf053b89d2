import { readFile, stat } from "node:fs/promises";
import { checkNode, type NodeFinding } from "../../runtime/node/node-check.js";
import { defaultKeysPath } from "../../runtime/node/node-config.js";
import { type MachineFinding, missing } from "./finding.js";

/**
 * What runs containers: runc or crun for `run`; and all that `runtime check` looks at, where this machine was set up as a node
 * for encrypted images. One that has containerd for other images lacks nothing.
 */
export async function checkContainers(): Promise<readonly MachineFinding[]> {
  const findings = await checkNode();
  const [runtimes, others] = [findings.filter(isRuntime).map(optional), findings.filter((one) => !isRuntime(one))];
  if (await isSetUp()) return [...runtimes, ...others];
  const containerd = others.find(({ what, verdict }) => what === "containerd" && verdict === "good");
  const message = `${containerd?.message ?? "no containerd"}, and this machine is not set up to run encrypted images`;
  const remedy = "only for nodes: oci-enc runtime config prints what is needed, and oci-enc runtime check looks closer";
  return [...runtimes, { what: "containerd", ...missing(message, remedy) }];
}

/** Keys for containerd's decoder, or a word of it in containerd's configuration. */
async function isSetUp(): Promise<boolean> {
  const text = await readFile("/etc/containerd/config.toml", "utf8").catch(() => "");
  const keys = await stat(defaultKeysPath).catch(() => undefined);
  return keys !== undefined || text.includes("ocicrypt");
}

function isRuntime({ what }: NodeFinding): boolean {
  return what === "runtime";
}

/** Not every machine runs containers. */
function optional(finding: NodeFinding): MachineFinding {
  if (finding.verdict === "good") return finding;
  return { ...finding, verdict: "missing", remedy: `only for oci-enc run: ${finding.remedy}` };
}
