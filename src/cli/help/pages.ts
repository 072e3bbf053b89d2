import { writeResult } from "../output/console/streams.js";

/** What is typed for the version. */
export const versionWords: ReadonlySet<string> = new Set(["--version", "-V", "version"]);

/** Pages that need no command, by the one argument that asks for them. What they take is loaded when they are asked for. */
export const pages: ReadonlyMap<string, () => Promise<void>> = new Map([
  ["--help", printOverview],
  ["-h", printOverview],
  ["help", printOverview],
  ["--help-all", printAllCommands],
  ...[...versionWords].map((word) => [word, printVersion] as const),
]);

async function printOverview(): Promise<void> {
  const { overview } = await import("./overview.js");
  await writeResult(`${overview()}\n`);
}

async function printAllCommands(): Promise<void> {
  const { allCommands } = await import("./overview.js");
  await writeResult(`${allCommands()}\n`);
}

/** The version for programs, and the Node that it runs on. Published as `docs/schemas/version.v1.json`. */
export async function printVersionDocument(): Promise<void> {
  const [{ version }, { jsonText }] = await Promise.all([import("../version.js"), import("../output/printable.js")]);
  const document = { schema: "oci-enc/version/v1", version: version(), node: process.versions.node };
  await writeResult(`${jsonText(document, 2)}\n`);
}

async function printVersion(): Promise<void> {
  const { version } = await import("../version.js");
  await writeResult(`oci-enc ${version()}\n`);
}
