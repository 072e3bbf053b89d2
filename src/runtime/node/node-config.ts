import { OciEncError } from "../../errors.js";
import type { NodeConfigOptions, NodeFile } from "./configs/node-file.js";
import { nodeRuntimeConfigs } from "./configs/rows.js";

/** The names of the runtimes that a configuration can be printed for. */
export const nodeRuntimes: readonly string[] = nodeRuntimeConfigs.map(({ name }) => name);

/** The files of a node that a runtime needs for encrypted images, or what goes into them. USAGE when it is none of `nodeRuntimes`. */
export function nodeFiles(runtime: string, options: NodeConfigOptions = {}): readonly NodeFile[] {
  const row = nodeRuntimeConfigs.find(({ name }) => name === runtime);
  if (row !== undefined) return row.files(options);
  throw new OciEncError(
    "USAGE",
    `there is no runtime ${JSON.stringify(runtime)}; there are ${nodeRuntimes.join(", ")}`,
  );
}

/** The same as one text: before each file a comment that says where it goes, and what to restart then. */
export function nodeConfig(runtime: string, options: NodeConfigOptions = {}): string {
  return nodeFiles(runtime, options).map(withComment).join("\n");
}

function withComment({ path, afterwards, notes, text }: NodeFile): string {
  const lines = [`${path}; afterwards: ${afterwards}`, ...notes];
  return `${lines.map((line) => `# ${line}\n`).join("")}${text}`;
}
