import { OciEncError } from "../../errors.js";
import { type Flag, readSwitch, variableName } from "./flag.js";

/** The values that a command was given, by option. */
export interface FlagValues {
  /** An option's value as its own type. A plain Error when the command does not declare it. */
  get<T>(flag: Flag<T>): T;
  /** Whether the option was used, on the command line or by its variable. */
  given(flag: Flag<unknown>): boolean;
}

/** What was typed, by the option's name; an option that was not used is absent. */
export type TypedValues = ReadonlyMap<string, readonly string[]>;

/** Where nothing was typed, the environment's `OCI_ENC_*` counts. USAGE for an empty value, or one that makes no sense. */
export function flagValues(
  flags: readonly Flag<unknown>[],
  typed: TypedValues,
  environment: NodeJS.ProcessEnv,
): FlagValues {
  const values = new Map(flags.map((flag) => [flag.name, typed.get(flag.name) ?? fromEnvironment(flag, environment)]));
  for (const flag of flags) {
    if (values.get(flag.name)?.includes("")) throw new OciEncError("USAGE", `--${flag.name}: its value is empty`);
  }
  const of = (flag: Flag<unknown>) => {
    const found = values.get(flag.name);
    if (found === undefined) throw new Error(`the command does not declare --${flag.name}`);
    return found;
  };
  return { get: (flag) => flag.read(of(flag)), given: (flag) => of(flag).some((value) => value !== "false") };
}

/** An option that may be repeated has one value a line there, so that any other character can be part of a value. */
function fromEnvironment(flag: Flag<unknown>, environment: NodeJS.ProcessEnv): readonly string[] {
  const text = environment[variableName(flag)];
  if (text === undefined || text === "") return [];
  if (flag.placeholder === undefined) return [readSwitch(text, variableName(flag))];
  if (!flag.repeats) return [text];
  return text.split(/\r?\n/).filter((line) => line !== "");
}
