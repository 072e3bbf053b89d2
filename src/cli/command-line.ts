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

/** What asks for help behind a command or `help`: for all of it, or what fits a screen. Undefined: another word. */
export function helpAsked(arg: string | undefined): "all" | "short" | undefined {
  if (arg === "--help-all") return "all";
  return arg === "--help" || arg === "-h" ? "short" : undefined;
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
