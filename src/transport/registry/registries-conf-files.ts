import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../errors.js";
import type { Environment } from "./environment.js";
import type { MirrorRule, RegistriesConf, RegistryRule } from "./registries-conf.js";

const nothing: RegistriesConf = { rules: [], aliases: new Map(), searchRegistries: [] };

/**
 * Reads registries.conf and the `registries.conf.d` beside it, later files winning. Without `path`:
 * `CONTAINERS_REGISTRIES_CONF`, else the user's, else the system's; that none exists is not an error.
 * USAGE when a file is no TOML or of version 1.
 */
export async function readRegistriesConf(path: string | undefined, environment: Environment): Promise<RegistriesConf> {
  const named = path ?? environment.variables["CONTAINERS_REGISTRIES_CONF"];
  if (named) return withDropIns(named, await readText(named, true));
  for (const folder of [configFolder(environment), join(environment.root, "etc")]) {
    const file = join(folder, "containers", "registries.conf");
    const conf = await withDropIns(file, await readText(file, false));
    if (conf !== nothing) return conf;
  }
  return nothing;
}

/** `$XDG_CONFIG_HOME`, else `~/.config`. */
export function configFolder(environment: Environment): string {
  return environment.variables["XDG_CONFIG_HOME"] || join(environment.home, ".config");
}

async function withDropIns(file: string, text: string | undefined): Promise<RegistriesConf> {
  const folder = `${file}.d`;
  const names = await readdir(folder).catch((error: unknown) => {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(systemCode(error) ?? "")) return [];
    throw ioError(error, `cannot read ${JSON.stringify(folder)}`);
  });
  const dropIns = names.filter((name) => name.endsWith(".conf")).toSorted();
  if (text === undefined && dropIns.length === 0) return nothing;
  const { parse } = await import("smol-toml");
  let conf = text === undefined ? nothing : merge(nothing, read(text, file, parse));
  for (const name of dropIns) {
    const path = join(folder, name);
    conf = merge(conf, read((await readText(path, true)) ?? "", path, parse));
  }
  return conf;
}

async function readText(file: string, required: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (!required && systemCode(error) === "ENOENT") return undefined;
    throw ioError(error, `cannot read ${JSON.stringify(file)}`);
  }
}

/** What one file says; undefined members are not mentioned in it. */
interface FileContent {
  readonly rules: readonly RegistryRule[];
  readonly aliases: ReadonlyMap<string, string>;
  readonly searchRegistries: readonly string[] | undefined;
}

function merge(base: RegistriesConf, more: FileContent): RegistriesConf {
  const replaced = new Set(more.rules.map((rule) => rule.prefix));
  return {
    rules: [...base.rules.filter((rule) => !replaced.has(rule.prefix)), ...more.rules],
    aliases: new Map([...base.aliases, ...more.aliases]),
    searchRegistries: more.searchRegistries ?? base.searchRegistries,
  };
}

function read(text: string, file: string, parse: (text: string) => unknown): FileContent {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw wrong(file, "it is not TOML", cause);
  }
  const table = asTable(document) ?? {};
  if ("registries" in table) throw wrong(file, "it has the format of version 1", undefined);
  const search = table["unqualified-search-registries"];
  const aliases = Object.entries(asTable(table["aliases"]) ?? {});
  return {
    rules: tables(table["registry"]).map((entry) => readRule(entry, file)),
    aliases: new Map(aliases.filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== "")),
    searchRegistries: Array.isArray(search) ? search.filter((item) => typeof item === "string") : undefined,
  };
}

function readRule(entry: Table, file: string): RegistryRule {
  const location = asText(entry["location"]);
  const prefix = asText(entry["prefix"]) ?? location;
  if (prefix === undefined) throw wrong(file, "a registry has neither prefix nor location", undefined);
  return {
    prefix: prefix.replace(/\/+$/, ""),
    location: location?.replace(/\/+$/, ""),
    insecure: entry["insecure"] === true,
    blocked: entry["blocked"] === true,
    mirrors: tables(entry["mirror"]).map((mirror) => readMirror(mirror, entry["mirror-by-digest-only"] === true, file)),
  };
}

function readMirror(mirror: Table, digestOnly: boolean, file: string): MirrorRule {
  const location = asText(mirror["location"]);
  if (location === undefined) throw wrong(file, "a mirror has no location", undefined);
  const pulls = asText(mirror["pull-from-mirror"]) ?? (digestOnly ? "digest-only" : "all");
  if (pulls !== "all" && pulls !== "digest-only" && pulls !== "tag-only") {
    throw wrong(file, `pull-from-mirror is ${JSON.stringify(pulls)}`, undefined);
  }
  return { location: location.replace(/\/+$/, ""), insecure: mirror["insecure"] === true, pulls };
}

type Table = Readonly<Record<string, unknown>>;

function asTable(value: unknown): Table | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined;
}

function tables(value: unknown): readonly Table[] {
  return Array.isArray(value) ? value.map(asTable).filter((table) => table !== undefined) : [];
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function wrong(file: string, why: string, cause: unknown): OciEncError {
  return new OciEncError("USAGE", `${JSON.stringify(file)} cannot be used: ${why}`, {
    cause,
    hint: "containers-registries.conf(5) describes version 2 of the format",
  });
}
