import { OciEncError } from "../../errors.js";
import { type Flag, readSwitch, variableName } from "./flag.js";

/** What a command says of its options: which it takes, and what they mean for each other. */
export interface FlagRules {
  readonly flags: readonly Flag<unknown>[];
  /** Options that cannot be used together. */
  readonly conflicts?: readonly FlagPair[];
  /** Where the first was typed, the environment does not give the second; typed, both count. */
  readonly precedence?: readonly FlagPair[];
  /** The first requires one of the others. */
  readonly needs?: readonly (readonly [Flag<unknown>, ...Flag<unknown>[]])[];
}

/** Two options that have to do with each other. */
export type FlagPair = readonly [Flag<unknown>, Flag<unknown>];

/** The values that a command was given, by option. */
export interface FlagValues {
  /** An option's value as its own type. A plain Error when the command does not declare it. */
  get<T>(flag: Flag<T>): T;
  /** Whether the command has the option. */
  declares(flag: Flag<unknown>): boolean;
  /** Whether the option was used, on the command line or by its variable. */
  given(flag: Flag<unknown>): boolean;
  /** Whether the option was used on the command line. */
  typed(flag: Flag<unknown>): boolean;
}

/** What was typed, by the option's name; an option that was not used is absent. */
export type TypedValues = ReadonlyMap<string, readonly string[]>;

/**
 * Where nothing was typed, the environment's `OCI_ENC_*` counts, unless what was typed leaves no place for it. USAGE for
 * an empty value, for options that exclude each other, and for one without another that it requires.
 */
export function flagValues(rules: FlagRules, typed: TypedValues, environment: NodeJS.ProcessEnv): FlagValues {
  const overridden = overriddenBy(typed, rules);
  const valuesOf = (flag: Flag<unknown>) =>
    typed.get(flag.name) ?? (overridden.has(flag.name) ? [] : fromEnvironment(flag, environment));
  const values = new Map(rules.flags.map((flag) => [flag.name, valuesOf(flag)]));
  for (const [name, given] of values) {
    if (given.includes("")) throw new OciEncError("USAGE", `--${name}: its value is empty`);
  }
  checkConflicts(rules, values);
  for (const [flag, ...others] of unmetNeeds(rules, values)) {
    const orphaned = !typed.has(flag.name) && others.some(({ name }) => overridden.has(name));
    if (!orphaned) throw nothingWithout(flag, others);
    values.set(flag.name, []);
  }
  const of = (flag: Flag<unknown>) => {
    const found = values.get(flag.name);
    if (found === undefined) throw new Error(`the command does not declare --${flag.name}`);
    return found;
  };
  return {
    get: (flag) => flag.read(of(flag)),
    declares: ({ name }) => values.has(name),
    given: (flag) => isUsed(of(flag)),
    typed: (flag) => isUsed(typed.get(flag.name)),
  };
}

/** Names of the options that the environment cannot give, as another one was typed. */
function overriddenBy(typed: TypedValues, { conflicts = [], precedence = [] }: FlagRules): ReadonlySet<string> {
  const both = conflicts.flatMap(([one, other]): readonly FlagPair[] => [
    [one, other],
    [other, one],
  ]);
  const overridden = [...both, ...precedence].filter(([first]) => isUsed(typed.get(first.name)));
  return new Set(overridden.map(([, second]) => second.name));
}

function checkConflicts({ conflicts = [] }: FlagRules, values: TypedValues): void {
  for (const [one, other] of conflicts) {
    if (isUsed(values.get(one.name)) && isUsed(values.get(other.name))) {
      throw new OciEncError("USAGE", `--${one.name} and --${other.name} exclude each other`);
    }
  }
}

function unmetNeeds({ needs = [] }: FlagRules, values: TypedValues): NonNullable<FlagRules["needs"]> {
  const used = ({ name }: Flag<unknown>) => isUsed(values.get(name));
  return needs.filter(([flag, ...others]) => used(flag) && !others.some(used));
}

function nothingWithout(flag: Flag<unknown>, others: readonly Flag<unknown>[]): OciEncError {
  const names = others.map(({ name }) => `--${name}`).join(" or ");
  return new OciEncError("USAGE", `--${flag.name} requires ${names}`);
}

/** A switch that is off is as good as none. */
function isUsed(values: readonly string[] | undefined): boolean {
  return values?.some((value) => value !== "false") ?? false;
}

/** An option that may be repeated has one value a line there, so that any other character can be part of a value. */
function fromEnvironment(flag: Flag<unknown>, environment: NodeJS.ProcessEnv): readonly string[] {
  const text = environment[variableName(flag)];
  if (text === undefined || text === "") return [];
  if (flag.placeholder === undefined) return [readSwitch(text, variableName(flag))];
  if (!flag.repeats) return [text];
  return text.split(/\r?\n/).filter((line) => line !== "");
}
