import { OciEncError } from "../errors.js";
import { findRow } from "./commands/find.js";
import { type Flag, spellings } from "./options/flag.js";
import { globalFlags } from "./options/global.js";

/** A command line: the options of every command that stand before the command's name, and all that follows them. */
export interface CommandLine {
  readonly before: readonly string[];
  readonly rest: readonly string[];
}

/** Divides a command line. What stands first in `rest` and begins with a dash is no option of every command. */
export function divideLine(args: readonly string[]): CommandLine {
  let at = 0;
  for (let length = wordsOfOption(args[at]); length > 0; length = wordsOfOption(args[at])) at += length;
  return { before: args.slice(0, at), rest: args.slice(at) };
}

/** USAGE for what stands first in a line where only what every command takes may. */
export function misplacedOption(option: string, line: readonly string[]): OciEncError {
  const name = line.map((_, index) => findRow(line.slice(index))?.row.name).find((one) => one !== undefined);
  const [, shown = ""] = /^(--[^=]*|-.?)/s.exec(option) ?? [];
  const value = option.slice(shown.length).replace(/^(=?).+/s, "$1***");
  return new OciEncError("USAGE", `${JSON.stringify(`${shown}${value}`)} stands before the command`, {
    hint: `options of ${name ?? "a command"} follow it: oci-enc ${name ?? "COMMAND"} ${shown} …`,
  });
}

/** How many arguments belong to an option of every command; 0: this is none. */
function wordsOfOption(arg: string | undefined): number {
  if (arg === undefined) return 0;
  const [name] = arg.split("=", 1);
  const flag = globalFlags.find((one) => spellings(one).some((spelling) => spelling === name));
  if (flag === undefined) return isCluster(arg) ? 1 : 0;
  return flag.placeholder !== undefined && flag.implicitValue === undefined && !arg.includes("=") ? 2 : 1;
}

/** `-qd`. */
function isCluster(arg: string): boolean {
  return (
    /^-\w{2,}$/.test(arg) && [...arg.slice(1)].every((letter) => globalFlags.some((flag) => isSwitch(flag, letter)))
  );
}

function isSwitch({ short, placeholder }: Flag<unknown>, letter: string): boolean {
  return short === letter && placeholder === undefined;
}
