import { OciEncError } from "../../errors.js";
import type { Topic } from "./topics.js";

/** One option of the command line: how it is written, and what its values mean. */
export interface Flag<T> {
  /** Without the dashes: `recipient`. */
  readonly name: string;
  /** One letter; undefined where there is none. */
  readonly short: string | undefined;
  /** Other spellings that other tools' users have in their fingers. */
  readonly aliases: readonly string[];
  /** What stands for the value in the help: `FILE`. Undefined: the option takes none. */
  readonly placeholder: string | undefined;
  /** What the option means when it is written alone; its value is then taken only as `--name=VALUE`. Undefined: it needs one. */
  readonly implicitValue: string | undefined;
  /** The only values that it takes; empty: any. */
  readonly choices: readonly string[];
  readonly repeats: boolean;
  readonly about: string;
  /** Heading under which the help lists it. */
  readonly group: string;
  /** Whose page explains it, as many commands take it. Undefined: it is of the job of the commands that take it. */
  readonly topic: Topic | undefined;
  /** Stands in the short help although it has a topic. */
  readonly everyday: boolean;
  /** For this end of a copy alone; undefined: for whatever the command has. */
  readonly end: Side | undefined;
  /** Its values are secrets, or may hold one: they are not shown, and not taken from the configuration file. */
  readonly secret: boolean;
  /** What may be shown of a value. */
  shown(value: string): string;
  /** From every value that was given, in their order; none when the option was not used. USAGE when they make no sense. */
  read(values: readonly string[]): T;
}

/** What the constructors below need to know of any option. */
export interface FlagNames {
  readonly name: string;
  readonly short?: string;
  readonly aliases?: readonly string[];
  readonly about: string;
  readonly group: string;
  readonly topic?: Topic;
  readonly everyday?: boolean;
  readonly end?: Side | undefined;
  readonly secret?: boolean;
  /** Where a value may hold a secret in one place that can be left out; default: all of a value is shown. */
  readonly shown?: (value: string) => string;
}

/** Which end of a copy an option is for. */
export type Side = "src" | "dest";

/** An option without a value. */
export function toggle(names: FlagNames): Flag<boolean> {
  return { ...described(names), read: (values) => values.at(-1) === "true" };
}

/** An option with one value; the last one counts. Undefined: not given. */
export function single(names: FlagNames & { readonly placeholder: string }): Flag<string | undefined> {
  return { ...described(names), placeholder: names.placeholder, read: (values) => values.at(-1) };
}

/** An option with one value of its own form. `parse` throws USAGE; its message is completed with the option's name. */
export function parsed<T>(
  names: FlagNames & { readonly placeholder: string },
  parse: (text: string) => T,
): Flag<T | undefined> {
  const read = (values: readonly string[]) => {
    const text = values.at(-1);
    return text === undefined ? undefined : parse(text);
  };
  return { ...described(names), placeholder: names.placeholder, read };
}

/** An option that may be repeated. */
export function repeated(names: FlagNames & { readonly placeholder: string }): Flag<readonly string[]> {
  return { ...described(names), placeholder: names.placeholder, repeats: true, read: (values) => values };
}

/** An option that takes one of a few words; the first of them is the default. */
export function choice<const T extends string>(names: FlagNames, choices: readonly [T, ...T[]]): Flag<T> {
  const read = (values: readonly string[]) => {
    const text = values.at(-1);
    if (text === undefined) return choices[0];
    const known = choices.find((choice) => choice === text);
    if (known !== undefined) return known;
    throw new OciEncError("USAGE", `--${names.name}: ${JSON.stringify(text)} is none of ${choices.join(", ")}`);
  };
  return { ...described(names), placeholder: choices.join("|"), choices, read };
}

/** An option that says yes or no, and yes when it is written alone: `--name[=BOOL]`. Undefined: not given. */
export function yesOrNo(names: FlagNames): Flag<boolean | undefined> {
  const read = (values: readonly string[]) => {
    const text = values.at(-1);
    return text === undefined ? undefined : readSwitch(text, `--${names.name}`) === "true";
  };
  return { ...described(names), placeholder: "BOOL", implicitValue: "true", read };
}

/** `true` or `false` from the words that people write for them. USAGE, naming `what`, for any other. */
export function readSwitch(text: string, what: string): "true" | "false" {
  if (["1", "true", "yes", "on"].includes(text.toLowerCase())) return "true";
  if (["0", "false", "no", "off"].includes(text.toLowerCase())) return "false";
  throw new OciEncError("USAGE", `${what}: ${JSON.stringify(text)} is neither true nor false`);
}

/** The variable that gives the option's value where the command line does not: `OCI_ENC_DIGESTFILE`. */
export function variableName(flag: Flag<unknown>): string {
  return `OCI_ENC_${flag.name.toUpperCase().replaceAll(/[-.]/g, "_")}`;
}

/** Every spelling of an option, the long one first. */
export function spellings(flag: Flag<unknown>): readonly string[] {
  const short = flag.short === undefined ? [] : [`-${flag.short}`];
  return [`--${flag.name}`, ...short, ...flag.aliases.map((alias) => `--${alias}`)];
}

function described(names: FlagNames): Omit<Flag<never>, "read"> {
  return {
    name: names.name,
    short: names.short,
    aliases: names.aliases ?? [],
    placeholder: undefined,
    implicitValue: undefined,
    choices: [],
    repeats: false,
    about: names.about,
    group: names.group,
    topic: names.topic,
    everyday: names.everyday ?? false,
    end: names.end,
    secret: names.secret ?? false,
    shown: names.shown ?? (names.secret === true ? () => "***" : (value) => value),
  };
}
