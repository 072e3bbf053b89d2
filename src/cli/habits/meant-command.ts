import type { CommandRow } from "../commands/command.js";
import { commands } from "../commands/index.js";
import { absentCommands, foreignCommands } from "./foreign-commands.js";
import { similar } from "./similar.js";

/** A command, and what follows its name. */
export interface MeantCommand {
  readonly row: CommandRow;
  readonly args: readonly string[];
  readonly isTyped: boolean;
}

/** By its name here, by its name elsewhere, or by one with a slip in it. */
export function meantCommand(args: readonly string[]): MeantCommand | undefined {
  const elsewhere = foreignCommands.find(([words]) => startsWith(args, words));
  if (elsewhere !== undefined) {
    const [words, ours] = elsewhere;
    const row = commands.find(({ name }) => startsWith(ours.split(" "), name));
    const further = row && ours.split(" ").slice(row.name.split(" ").length);
    return row && { row, args: [...(further ?? []), ...rest(args, words)], isTyped: false };
  }
  const typed = commands.find(({ name }) => startsWith(args, name));
  if (typed !== undefined) return { row: typed, args: rest(args, typed.name), isTyped: true };
  const [group = "", image = ""] = args;
  const listing = rowOf(`${group} list`);
  if (listing !== undefined && /[:./]/.test(image)) return { row: listing, args: args.slice(1), isTyped: false };
  const name = mistyped(args);
  const row = rowOf(name);
  return row && { row, args: rest(args, row.name), isTyped: false };
}

/** A name with a slip in one of its words; where it has two, each is looked for by itself. */
function mistyped([first = "", second = ""]: readonly string[]): string | undefined {
  const pairs = commands.map(({ name }) => name.split(" ")).filter(({ length }) => length === 2);
  const singles = commands.map(({ name }) => name).filter((name) => !name.includes(" "));
  const [group, single] = [
    similar(
      first,
      pairs.map(([one = ""]) => one),
    ),
    similar(first, singles),
  ];
  const seconds = pairs.filter(([one]) => one === group).map(([, other = ""]) => other);
  const other = second.startsWith("-") ? undefined : similar(second, seconds);
  return group !== undefined && other !== undefined ? `${group} ${other}` : single;
}

/** What there is to say of a command that other tools have and this one has not. */
export function absentCommand(args: readonly string[]): string | undefined {
  if (commands.some(({ name }) => startsWith(args, name))) return undefined;
  return absentCommands.find(([typed]) => typed.some((words) => startsWith(args, words)))?.[1];
}

/** The row of a command's name. */
export function rowOf(command: string | undefined): CommandRow | undefined {
  return commands.find(({ name }) => name === command);
}

function startsWith(args: readonly string[], words: string): boolean {
  return words.split(" ").every((word, index) => args[index] === word);
}

function rest(args: readonly string[], words: string): readonly string[] {
  return args.slice(words.split(" ").length);
}
