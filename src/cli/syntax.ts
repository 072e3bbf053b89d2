import { CommanderError, Option, Command as Parser } from "commander";
import { OciEncError } from "../errors.js";
import type { Argument, Command, CommandRow } from "./commands/command.js";
import type { Flag } from "./options/flag.js";
import type { TypedValues } from "./options/flag-values.js";
import { helpText, quiet } from "./program-help.js";

/** What was typed after a command's name; or the help that was asked for. */
export type Typed =
  | { readonly kind: "call"; readonly arguments: readonly string[]; readonly values: TypedValues }
  | { readonly kind: "help"; readonly text: string };

/** Takes a command's arguments apart. USAGE when they do not fit what it declares. */
export function parseCommand(row: CommandRow, command: Command, args: readonly string[]): Typed {
  const values = new Map<string, string[]>();
  const parser = commandParser(row, command, (flag, value) => {
    const before = values.get(flag.name);
    if (before) before.push(value);
    else values.set(flag.name, [value]);
  });
  const help = parse(parser, withValues(args, command));
  if (help !== undefined) return { kind: "help", text: help };
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

type Take = (flag: Flag<unknown>, value: string) => void;

function commandParser(row: CommandRow, command: Command, take: Take): Parser {
  const parser = quiet(new Parser(`oci-enc ${row.name}`))
    .usage([...command.arguments.map(argumentUsage), "[OPTIONS]"].join(" "))
    .description(`${row.summary.charAt(0).toUpperCase()}${row.summary.slice(1)}.`)
    .addHelpOption(new Option("-h, --help", "show this help").helpGroup("Output:"))
    .action(() => undefined);
  for (const argument of command.arguments) {
    const usage = argumentUsage(argument);
    parser.argument(argument.optional === true ? usage : `<${usage}>`, argument.about);
  }
  if (command.passesOn === true) parser.passThroughOptions();
  for (const flag of command.flags) addFlag(parser, flag, take);
  const examples = command.examples.map((line) => `\n  ${line}`).join("");
  return parser.addHelpText("after", `\nExamples:${examples}\n\nEvery option can be set by a variable: ${variables}.`);
}

const variables = "--progress by OCI_ENC_PROGRESS, an option that repeats with one value a line";

/** `SOURCE`, `[TARGET]`, `IMAGE...`. */
function argumentUsage(argument: Argument): string {
  const name = `${argument.name}${argument.repeats === true ? "..." : ""}`;
  return argument.optional === true ? `[${name}]` : name;
}

function addFlag(parser: Parser, flag: Flag<unknown>, take: Take): void {
  const value = valueUsage(flag);
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const also = flag.aliases.length === 0 ? "" : ` (also ${flag.aliases.map((alias) => `--${alias}`).join(", ")})`;
  const fallback = flag.choices.length > 0 ? ` (default: ${flag.choices[0]})` : "";
  const repeats = flag.repeats ? " (repeatable)" : "";
  const main = new Option(`${short}--${flag.name}${value}`, `${flag.about}${fallback}${repeats}${also}`).helpGroup(
    flag.group,
  );
  const others = flag.aliases.map((alias) => new Option(`--${alias}${value}`).hideHelp());
  for (const option of [main, ...others]) {
    parser.addOption(option);
    parser.on(`option:${option.name()}`, (text: string | null) => take(flag, text ?? "true"));
  }
}

/** ` <FILE>`, `[=BOOL]`, or nothing. */
function valueUsage({ placeholder, implicitValue: alone }: Flag<unknown>): string {
  if (placeholder === undefined) return "";
  return alone === undefined ? ` <${placeholder}>` : ` [${placeholder}]`;
}

/** Undefined when the arguments fit; the help's text where that was asked for. */
function parse(parser: Parser, args: readonly string[]): string | undefined {
  try {
    parser.parse([...args], { from: "user" });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return helpText(parser);
    throw usageError(parser, error);
  }
}

function usageError(parser: Parser, error: CommanderError): OciEncError {
  const [what = ""] = withoutValue(error.message.replace(/^error: /, "")).split("\n");
  return new OciEncError("USAGE", what.replace(/\.? Expected .* but got /, ": expected no more, got "), {
    hint: `${parser.name()} --help shows what it takes`,
  });
}

/** An option that is mistyped may have been one whose value is secret. */
function withoutValue(message: string): string {
  return message.replace(/^(unknown option '-[^=]*=).*(?=')/s, "$1***");
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
