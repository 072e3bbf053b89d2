import { writeResult } from "../output/console/streams.js";

/** Pages that need no command, by the one argument that asks for them. What they take is loaded when they are asked for. */
export const pages: ReadonlyMap<string, () => Promise<void>> = new Map([
  ["--help", printOverview],
  ["-h", printOverview],
  ["help", printOverview],
  ["--help-all", printAllCommands],
  ["--version", printVersion],
  ["-V", printVersion],
  ["version", printVersion],
]);

async function printOverview(): Promise<void> {
  const { overview } = await import("./overview.js");
  await writeResult(`${overview()}\n`);
}

async function printAllCommands(): Promise<void> {
  const { allCommands } = await import("./overview.js");
  await writeResult(`${allCommands()}\n`);
}

async function printVersion(): Promise<void> {
  const { version } = await import("../version.js");
  await writeResult(`oci-enc ${version()}\n`);
}
