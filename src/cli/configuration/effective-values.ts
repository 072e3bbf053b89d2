import { storeDirectory } from "../../doors/machine.js";
import type { Flag } from "../options/flag.js";
import { variableName } from "../options/flag.js";
import type { FlagValues, Origin } from "../options/flag-values.js";
import { shownRecipient } from "../options/keys/key-flags.js";
import { store } from "../options/registry/endpoints.js";
import type { Configuration } from "./configuration.js";
import { hostSection, sections } from "./members.js";

/** A value that holds, and where it comes from. */
export interface EffectiveValue {
  /** The tables of the configuration file that it stands or would stand in, from the top. Empty: it cannot stand there. */
  readonly tables: readonly string[];
  /** An option, or a group of recipients. */
  readonly name: string;
  /** As they may be shown. */
  readonly values: readonly string[];
  readonly source: Origin | "default";
  /** The option, the variable or the file. Null: the value is the default. */
  readonly place: string | null;
  /** Of the file, from 1 on. */
  readonly line: number | null;
}

/** What {@link effectiveValues} looks at. */
export interface Sources {
  readonly options: FlagValues;
  readonly configuration: Configuration | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Every option that some command takes. */
  readonly flags: readonly Flag<unknown>[];
}

/** Every value that holds: of the options that the file can set, of hosts, of groups, and of other variables that are set. */
export function effectiveValues(sources: Sources): readonly EffectiveValue[] {
  const { configuration } = sources;
  const groups = [...(configuration?.groups ?? [])].map(([name, recipients]) =>
    fromFile(["recipients"], name, recipients.map(shownRecipient), configuration),
  );
  const hosts = [...(configuration?.hosts ?? [])].flatMap(([host, values]) =>
    [...values].map(([name, texts]) => fromFile([hostSection.name, host], name, texts, configuration)),
  );
  return [...optionValues(sources), ...groups, ...hosts, ...otherVariables(sources)];
}

function optionValues({ options, configuration }: Sources): readonly EffectiveValue[] {
  return sections.flatMap(({ name: table, members }) =>
    members.flatMap((flag): readonly EffectiveValue[] => {
      const source = options.origin(flag);
      const value = { tables: [table], name: flag.name, values: options.texts(flag).map(flag.shown), line: null };
      if (source === "file") return [fromFile([table], flag.name, value.values, configuration)];
      if (source !== undefined) {
        return [{ ...value, source, place: source === "flag" ? `--${flag.name}` : variableName(flag) }];
      }
      return defaultOf(flag).map((text) => ({ ...value, values: [text], source: "default", place: null }));
    }),
  );
}

function fromFile(
  tables: readonly string[],
  name: string,
  values: readonly string[],
  configuration: Configuration | undefined,
): EffectiveValue {
  const line = configuration?.lineOf([...tables, name]) ?? null;
  return { tables, name, values, source: "file", place: configuration?.path ?? null, line };
}

/** Where an option has a default that can be written as a value. */
function defaultOf(flag: Flag<unknown>): readonly string[] {
  return flag === store ? [storeDirectory(undefined)] : flag.choices.slice(0, 1);
}

/** Of options that the file cannot set. */
function otherVariables({ environment, flags }: Sources): readonly EffectiveValue[] {
  const members = new Set(sections.flatMap((section) => section.members.map(({ name }) => name)));
  const others = new Map(flags.filter(({ name }) => !members.has(name)).map((flag) => [variableName(flag), flag]));
  return [...others].flatMap(([variable, flag]): readonly EffectiveValue[] => {
    const text = environment[variable];
    if (text === undefined || text === "") return [];
    const values = (flag.repeats ? text.split(/\r?\n/).filter((line) => line !== "") : [text]).map(flag.shown);
    return [{ tables: [], name: flag.name, values, source: "variable", place: variable, line: null }];
  });
}
