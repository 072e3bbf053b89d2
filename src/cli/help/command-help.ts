import type { Command, CommandRow } from "../commands/command.js";
import type { Flag } from "../options/flag.js";
import { globalFlags } from "../options/global.js";
import { topics } from "../options/topics.js";
import { type Entry, list, pageWidth, textRoom, wrapped } from "./columns.js";
import { grouped } from "./grouped.js";
import { argumentUsage, briefMeaning, meaning, spelling } from "./option-text.js";

/** A command with so few options of its own shows them all. */
const few = 6;

/** What `--help` shows: the options of the job, and where the others are. `command`: with what every command takes. */
export function shortHelp(row: CommandRow, command: Command): string {
  const width = pageWidth();
  const shown = jobOptions(command);
  const room = textRoom([...shown.map(spelling), helpTerm], width);
  return [
    ...head(row, command, width),
    ...section("Examples:", command.examples.slice(0, 2).map(indented)),
    ...argumentSection(command, width),
    `Options:\n${list([...shown.map((flag) => [spelling(flag), briefMeaning(flag, room)] as const), [helpTerm, "show this help"]], width)}`,
    `More:\n${list([...pointers(command, shown), [`oci-enc ${row.name} --help-all`, "every option and every example"]], width)}`,
  ].join("\n\n");
}

/** What `--help-all` shows: everything. `command`: with what every command takes. */
export function fullHelp(row: CommandRow, command: Command): string {
  const width = pageWidth();
  const groups = grouped(command.flags, ({ group }) => group);
  const output = groups.get(outputGroup) ?? [];
  const others = [...groups].filter(([group]) => group !== outputGroup);
  const own: readonly Entry[] = [
    [helpTerm, "show the options of the job, and where the others are explained"],
    ["--help-all", "show this help"],
  ];
  return [
    ...head(row, command, width),
    ...argumentSection(command, width),
    ...others.map(([group, flags]) => `${group}\n${list(flags.map(entry), width)}`),
    `${outputGroup}\n${list([...output.map(entry), ...own], width)}`,
    ...section("Examples:", command.examples.map(indented)),
    wrapped(`Every option can be set by a variable: ${variables}.`, width),
  ].join("\n\n");
}

/** The options of the job, in their order: those of no topic, and those that people use every day. Few options are all shown. */
function jobOptions({ flags }: Command): readonly Flag<unknown>[] {
  const isOwn = (flag: Flag<unknown>) => !globalFlags.includes(flag);
  const all = flags.filter(isOwn).length <= few;
  return flags.filter((flag) => flag.topic === undefined || flag.everyday || (all && isOwn(flag)));
}

/** A line for each topic of which the command has options that are not shown. */
function pointers({ flags }: Command, shown: readonly Flag<unknown>[]): readonly Entry[] {
  const hidden = new Set(flags.filter((flag) => !shown.includes(flag)).map(({ topic }) => topic));
  return topics.filter(({ name }) => hidden.has(name)).map(({ name, about }) => [`oci-enc help ${name}`, about]);
}

const outputGroup = "Output:";
const helpTerm = "-h, --help";
const variables = "--progress by OCI_ENC_PROGRESS, an option that repeats with one value a line";

function head({ name, summary }: CommandRow, command: Command, width: number): readonly string[] {
  const usage = ["Usage: oci-enc", name, ...command.arguments.map(argumentUsage), "[OPTIONS]"].join(" ");
  return [usage, wrapped(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, width)];
}

function argumentSection({ arguments: places }: Command, width: number): readonly string[] {
  if (places.length === 0) return [];
  return [
    `Arguments:\n${list(
      places.map(({ name, about }) => [name, about]),
      width,
    )}`,
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [[title, ...lines].join("\n")];
}

function indented(line: string): string {
  return `  ${line}`;
}

function entry(flag: Flag<unknown>): Entry {
  return [spelling(flag), meaning(flag)];
}
