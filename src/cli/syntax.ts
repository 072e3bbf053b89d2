import { CommanderError, Option, Command as Parser } from "commander";
import { OciEncError } from "../errors.js";
import type { Argument, Command, CommandRow } from "./commands/command.js";
import { argumentUsage } from "./help/option-text.js";
import type { Flag } from "./options/flag.js";
import type { TypedValues } from "./options/flag-values.js";

/** What was typed after a command's name; or that help was asked for, and whether all of it. */
export type Typed =
  | { readonly kind: "call"; readonly arguments: readonly string[]; readonly values: TypedValues }
  | { readonly kind: "help"; readonly all: boolean };

/** Takes a command's arguments apart. USAGE when they do not fit what it declares. */
export function parseCommand(row: CommandRow, command: Command, args: readonly string[]): Typed {
  const values = new Map<string, string[]>();
  const parser = commandParser(row, command, (flag, value) => {
    const before = values.get(flag.name);
    if (before) before.push(value);
    else values.set(flag.name, [value]);
  });
  const asked = parse(parser, withValues(command.oneDash === true ? twoDashed(args, command) : args, command));
  if (asked !== undefined) return { kind: "help", all: asked === "help-all" };
  for (const [index, declared] of command.arguments.entries()) checkArgument(declared, parser.args.slice(index));
  return { kind: "call", arguments: parser.args, values };
}

/** Writes out the value of an option that stands alone, so that it does not take the argument after it for one. */
function withValues(args: readonly string[], { flags }: Command): readonly string[] {
  const alone = new Map(
    flags.flatMap((flag) => (flag.implicitValue === undefined ? [] : [[`--${flag.name}`, flag.implicitValue]])),
  );
  const end = args.indexOf("--");
  return args.map((arg, at) => {
    const value = end >= 0 && at > end ? undefined : alone.get(arg);
    return value === undefined ? arg : `${arg}=${value}`;
  });
}

/** `--name` for `-name`, which would be the cluster of four switches. */
function twoDashed(args: readonly string[], { flags }: Command): readonly string[] {
  const names = new Set(flags.map((flag) => flag.name));
  return args.map((arg) => (names.has(/^-([a-z-]+)(?:=|$)/.exec(arg)?.[1] ?? "") ? `-${arg}` : arg));
}

type Take = (flag: Flag<unknown>, value: string) => void;

function commandParser(row: CommandRow, command: Command, take: Take): Parser {
  // Commander neither prints nor ends the process: that is the program's part.
  const parser = new Parser(`oci-enc ${row.name}`)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .helpOption(false)
    .option("-h, --help")
    .option("--help-all")
    .action(() => undefined);
  for (const argument of command.arguments) {
    const usage = argumentUsage(argument);
    parser.argument(argument.optional === true ? usage : `<${usage}>`);
  }
  if (command.passesOn === true) parser.passThroughOptions();
  for (const flag of command.flags) addFlag(parser, flag, take);
  return parser;
}

function addFlag(parser: Parser, flag: Flag<unknown>, take: Take): void {
  const value = valueUsage(flag);
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const others = flag.aliases.map((alias) => new Option(`--${alias}${value}`).hideHelp());
  for (const option of [new Option(`${short}--${flag.name}${value}`), ...others]) {
    parser.addOption(option);
    parser.on(`option:${option.name()}`, (text: string | null) => take(flag, text ?? "true"));
  }
}

/** As the parser wants it: ` <FILE>`, ` [BOOL]`, or nothing. */
function valueUsage({ placeholder, implicitValue: alone }: Flag<unknown>): string {
  if (placeholder === undefined) return "";
  return alone === undefined ? ` <${placeholder}>` : ` [${placeholder}]`;
}

/** Undefined when the arguments fit; which help was asked for, whatever else was typed. */
function parse(parser: Parser, args: readonly string[]): "help" | "help-all" | undefined {
  let asked: "help" | "help-all" | undefined;
  for (const name of ["help", "help-all"] as const) {
    parser.on(`option:${name}`, () => {
      asked ??= name;
    });
  }
  try {
    parser.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (asked === undefined) throw usageError(parser, error);
  }
  return asked;
}

function usageError(parser: Parser, error: CommanderError): OciEncError {
  const [what = ""] = withoutValue(error.message.replace(/^error: /, "")).split("\n");
  const counted = what.replace(/\.? Expected (\d+) arguments? but got (\d+).*/, ": it takes $1 at most, got $2");
  return new OciEncError("USAGE", counted, {
    hint: `${parser.name()} --help shows what it takes`,
  });
}

/** An option that is mistyped may have been one whose value is secret. */
function withoutValue(message: string): string {
  return message.replace(/^(unknown option '-(?:[^=]*=|p)).+(?=')/s, "$1***");
}

function checkArgument(declared: Argument, given: readonly string[]): void {
  for (const text of declared.repeats === true ? given : given.slice(0, 1)) {
    if (text === "") throw new OciEncError("USAGE", `${declared.name} is empty`);
    if (declared.choices && !declared.choices.includes(text)) {
      const words = declared.choices.join(", ");
      throw new OciEncError("USAGE", `${declared.name}: ${JSON.stringify(text)} is none of ${words}`);
    }
  }
}
