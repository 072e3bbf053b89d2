import type { EffectiveValue } from "../configuration/effective-values.js";
import { sections } from "../configuration/members.js";
import type { Flag } from "../options/flag.js";
import { globalFlags } from "../options/global.js";
import { configFile } from "../options/output.js";
import { type Column, table } from "../output/tables/table.js";
import type { Command, CommandRow, Invocation, Report } from "./command.js";

const columns: readonly Column[] = [
  { heading: "NAME", align: "left", gap: 0 },
  { heading: "VALUE", align: "left", gap: 2 },
  { heading: "FROM", align: "left", gap: 2 },
];

/** What the configuration file can set and not every command takes. */
const flags: readonly Flag<unknown>[] = sections
  .flatMap(({ members }) => members)
  .filter((flag) => !globalFlags.includes(flag));

/** `config`, for the options of a table of commands. */
export function config(commands: readonly CommandRow[]): Command {
  return {
    arguments: [],
    flags,
    examples: ["oci-enc config", "oci-enc config --config team.toml", "oci-enc config --json --store /srv/images"],
    run: async (invocation) => await showConfiguration(invocation, commands),
  };
}

async function showConfiguration(invocation: Invocation, commands: readonly CommandRow[]): Promise<Report> {
  const { options, configuration } = invocation;
  const [{ effectiveValues }, { usualConfiguration }, ...declared] = await Promise.all([
    import("../configuration/effective-values.js"),
    import("../configuration/configuration-file.js"),
    ...commands.map(({ load }) => load()),
  ]);
  const every = [...declared.flatMap((command) => command.flags), ...globalFlags];
  const values = effectiveValues({ options, configuration, environment: process.env, flags: every });
  const file = {
    path: configuration?.path ?? (options.given(configFile) ? null : usualConfiguration()),
    read: configuration !== undefined,
  };
  return { kind: "report", document: { file, values }, text: [fileLine(file), "", valuesTable(values)].join("\n") };
}

/** Null: none was to be read. */
function fileLine({ path, read }: { readonly path: string | null; readonly read: boolean }): string {
  if (path === null) return "configuration file: none";
  return `configuration file: ${path}${read ? "" : " (there is none)"}`;
}

function valuesTable(values: readonly EffectiveValue[]): string {
  const rows = values.map((value) => [nameOf(value), value.values.join(", "), sourceOf(value)]);
  return table(columns, rows);
}

/** As TOML would have it: `registry."registry.example:5000".tls-verify`. */
function nameOf({ tables, name }: EffectiveValue): string {
  return [...tables, name].map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part))).join(".");
}

function sourceOf({ source, place, line }: EffectiveValue): string {
  return line === null ? (place ?? source) : `${place}:${line}`;
}
