import type { Command, CommandRow } from "../../src/cli/commands/command.js";
import type { Flag } from "../../src/cli/options/flag.js";
import { outputFlags } from "../../src/cli/options/output.js";
import { registryFlags } from "../../src/cli/options/registry/registry-flags.js";

/** The part of docs/cli.md that follows from the commands' declarations, from `## Commands` on. */
export async function commandReference(commands: readonly CommandRow[]): Promise<string> {
  const sections = await Promise.all(commands.map(async (row) => commandSection(row, await row.load())));
  const registries = [
    "### Registries",
    "Options of every command that may reach a registry. A command with two references takes those about credentials and TLS for one end alone, too, as `--src-…` and `--dest-…`.",
    optionTable(registryFlags),
  ];
  const shared = ["### Every command", optionTable(outputFlags)];
  return ["## Commands", ...sections.flat(), ...registries, ...shared].join("\n\n");
}

/** Text as it is compared: without the white space and the dashes that a formatter may put into tables. */
export function withoutLayout(text: string): string {
  return text.replace(/ {2,}/g, " ").replace(/-{3,}/g, "---").trim();
}

const registryNames = new Set(registryFlags.map(({ name }) => name));

function commandSection(row: CommandRow, command: Command): readonly string[] {
  const parts = command.arguments.map(({ name, optional, repeats }) => {
    const word = repeats ? `${name}…` : name;
    return optional ? `[${word}]` : word;
  });
  const own = command.flags.filter(({ name }) => !registryNames.has(name.replace(/^(?:src|dest)-/, "")));
  const reaches = command.flags.some(({ name }) => registryNames.has(name));
  return [
    `### \`${[row.name, ...parts].join(" ")}\``,
    `${row.summary[0]?.toUpperCase()}${row.summary.slice(1)}.`,
    ...(own.length > 0 ? [optionTable(own)] : []),
    ...(reaches ? ["And the options of [Registries](#registries)."] : []),
    ["```", ...command.examples, "```"].join("\n"),
  ];
}

function optionTable(flags: readonly Flag<unknown>[]): string {
  const rows = flags.map((flag) => `| \`${written(flag)}\` | ${meaning(flag)} |`);
  return ["| option | meaning |", "| --- | --- |", ...rows].join("\n");
}

function written({ name, short, placeholder, implicitValue: alone }: Flag<unknown>): string {
  const dashed = `${short === undefined ? "" : `-${short}, `}--${name}`;
  if (placeholder === undefined) return dashed;
  return escaped(alone === undefined ? `${dashed} ${placeholder}` : `${dashed}[=${placeholder}]`);
}

function meaning({ about, choices, repeats, aliases }: Flag<unknown>): string {
  const spellings = aliases.map((alias) => `\`--${alias}\``);
  return [
    escaped(about) + (choices[0] === undefined ? "" : ` (default \`${choices[0]}\`)`),
    ...(repeats ? ["repeatable"] : []),
    ...(spellings.length > 0 ? [`also ${spellings.join(", ")}`] : []),
  ].join("; ");
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*");
}
