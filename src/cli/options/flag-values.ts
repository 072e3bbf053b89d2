import { OciEncError } from "../../errors.js";
import { type Flag, readSwitch, variableName } from "./flag.js";

/** What a command says of its options: which it takes, and what they mean for each other. */
export interface FlagRules {
  readonly flags: readonly Flag<unknown>[];
  /** Options that cannot be used together. */
  readonly conflicts?: readonly FlagPair[];
  /** Where the first was typed, neither the environment nor the configuration file gives the second; typed, both count. */
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
  /** The same as it was given. */
  texts(flag: Flag<unknown>): readonly string[];
  /** Whether the command has the option. */
  declares(flag: Flag<unknown>): boolean;
  /** Whether the option was used: on the command line, by its variable, or in the configuration file. */
  given(flag: Flag<unknown>): boolean;
  /** Whether the option was used on the command line. */
  typed(flag: Flag<unknown>): boolean;
  /** Where the option's value comes from, also that of a switch that is off. Undefined: it has none. */
  origin(flag: Flag<unknown>): Origin | undefined;
}

/** Where a value was given, in the order in which they count. */
export type Origin = "flag" | "variable" | "file";

/** What was typed, or stands in the configuration file, by the option's name; an option that was not used is absent. */
export type TypedValues = ReadonlyMap<string, readonly string[]>;

/**
 * Where nothing was typed, the environment's `OCI_ENC_*` counts, and where that gives nothing, the configuration file, unless
 * what counts before leaves no place for it. USAGE for an empty value, for options that exclude each other, and for one
 * without another that it requires; of the file, such a one waits for a command where the other is given.
 */
export function flagValues(
  rules: FlagRules,
  typed: TypedValues,
  environment: NodeJS.ProcessEnv,
  configured: TypedValues = new Map(),
): FlagValues {
  const found = gather(rules, [
    { origin: "flag", valuesOf: ({ name }) => typed.get(name) },
    { origin: "variable", valuesOf: (flag) => fromEnvironment(flag, environment) },
    { origin: "file", valuesOf: ({ name }) => configured.get(name) },
  ]);
  const values = new Map(rules.flags.map(({ name }) => [name, found.get(name)?.values ?? []]));
  for (const [name, given] of values) {
    if (given.includes("")) throw new OciEncError("USAGE", `--${name}: its value is empty`);
  }
  checkConflicts(rules, values);
  const overridden = overriddenBy(typed, rules);
  for (const [flag, ...others] of unmetNeeds(rules, values)) {
    const origin = found.get(flag.name)?.origin;
    const orphaned = origin === "file" || (origin === "variable" && others.some(({ name }) => overridden.has(name)));
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
    texts: of,
    declares: ({ name }) => values.has(name),
    given: (flag) => isUsed(of(flag)),
    typed: (flag) => isUsed(typed.get(flag.name)),
    origin: (flag) => (of(flag).length > 0 ? found.get(flag.name)?.origin : undefined),
  };
}

/** One place where values are given. */
interface Layer {
  readonly origin: Origin;
  /** Undefined: it gives the option no value. */
  valuesOf(flag: Flag<unknown>): readonly string[] | undefined;
}

/** The values that count, from the place that counts first; a place gives nothing that an earlier one leaves no room for. */
function gather(
  rules: FlagRules,
  layers: readonly Layer[],
): ReadonlyMap<string, { readonly origin: Origin; readonly values: readonly string[] }> {
  const found = new Map<string, { readonly origin: Origin; readonly values: readonly string[] }>();
  for (const { origin, valuesOf } of layers) {
    const before = new Map([...found].map(([name, { values }]) => [name, values]));
    const overridden = overriddenBy(before, rules);
    for (const flag of rules.flags) {
      if (before.has(flag.name) || overridden.has(flag.name)) continue;
      const values = valuesOf(flag);
      if (values !== undefined) found.set(flag.name, { origin, values });
    }
  }
  return found;
}

/** Names of the options that what counts less cannot give, as these were given. */
function overriddenBy(given: TypedValues, { conflicts = [], precedence = [] }: FlagRules): ReadonlySet<string> {
  const both = conflicts.flatMap(([one, other]): readonly FlagPair[] => [
    [one, other],
    [other, one],
  ]);
  const overridden = [...both, ...precedence].filter(([first]) => isUsed(given.get(first.name)));
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
function fromEnvironment(flag: Flag<unknown>, environment: NodeJS.ProcessEnv): readonly string[] | undefined {
  const text = environment[variableName(flag)];
  if (text === undefined || text === "") return undefined;
  if (flag.placeholder === undefined) return [readSwitch(text, variableName(flag))];
  if (!flag.repeats) return [text];
  return text.split(/\r?\n/).filter((line) => line !== "");
}
