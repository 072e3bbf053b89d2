import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../../errors.js";
import { configFolder } from "../../../files/machine.js";
import { readToml } from "../../../files/toml.js";
import type { Environment } from "../http/environment.js";
import { type ConfTable, confTable } from "./conf-table.js";
import type { MirrorRule, RegistriesConf, RegistryRule } from "./registries-conf.js";

const nothing: RegistriesConf = { rules: [], aliases: new Map(), searchRegistries: [] };

/**
 * Reads registries.conf and the `registries.conf.d` beside it, later files winning. Without `path`:
 * `CONTAINERS_REGISTRIES_CONF`, else the user's, else the system's; that none exists is not an error.
 * USAGE when a file is not TOML, of version 1, or holds a value of the wrong type.
 */
export async function readRegistriesConf(
  path: string | { readonly kind: "none" } | undefined,
  environment: Environment,
): Promise<RegistriesConf> {
  if (typeof path === "object") return nothing;
  const named = path ?? environment.variables["CONTAINERS_REGISTRIES_CONF"];
  if (named) return withDropIns(named, await readText(named, true));
  for (const folder of [configFolder(environment), join(environment.root, "etc")]) {
    const file = join(folder, "containers", "registries.conf");
    const conf = await withDropIns(file, await readText(file, false));
    if (conf !== nothing) return conf;
  }
  return nothing;
}

async function withDropIns(file: string, text: string | undefined): Promise<RegistriesConf> {
  const folder = `${file}.d`;
  const names = await readdir(folder).catch((error: unknown) => {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(systemCode(error) ?? "")) return [];
    throw ioError(error, `cannot read ${JSON.stringify(folder)}`);
  });
  const dropIns = names.filter((name) => name.endsWith(".conf")).toSorted();
  if (text === undefined && dropIns.length === 0) return nothing;
  let conf = text === undefined ? nothing : merge(nothing, await read(text, file));
  for (const name of dropIns) {
    const path = join(folder, name);
    conf = merge(conf, await read((await readText(path, true)) ?? "", path));
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

async function read(text: string, file: string): Promise<FileContent> {
  const document = await readToml(text);
  if ("fault" in document) throw wrong(file, document.fault);
  const table = confTable(document.value, (why) => wrong(file, why));
  if (table.has("registries")) throw wrong(file, "it has the format of version 1");
  return {
    rules: table.tables("registry").map((entry) => readRule(entry, file)),
    aliases: new Map([...table.pairs("aliases")].filter(([, name]) => name !== "")),
    searchRegistries: table.texts("unqualified-search-registries"),
  };
}

function readRule(entry: ConfTable, file: string): RegistryRule {
  const location = readPlace(entry, "location", file);
  const prefix = readPlace(entry, "prefix", file) ?? location;
  if (prefix === undefined) throw wrong(file, "a registry has neither prefix nor location");
  const digestOnly = entry.flag("mirror-by-digest-only");
  return {
    prefix,
    location,
    insecure: entry.flag("insecure"),
    blocked: entry.flag("blocked"),
    mirrors: entry.tables("mirror").map((mirror) => readMirror(mirror, digestOnly, file)),
  };
}

function readMirror(mirror: ConfTable, digestOnly: boolean, file: string): MirrorRule {
  const location = readPlace(mirror, "location", file);
  if (location === undefined) throw wrong(file, "a mirror has no location");
  const pulls = mirror.text("pull-from-mirror") ?? (digestOnly ? "digest-only" : "all");
  if (pulls !== "all" && pulls !== "digest-only" && pulls !== "tag-only") {
    throw wrong(file, "pull-from-mirror is not all, digest-only or tag-only");
  }
  return { location, insecure: mirror.flag("insecure"), pulls };
}

/** A registry or a place in it. With a scheme or a space it would match nothing, and what it says would not hold. */
function readPlace(table: ConfTable, key: string, file: string): string | undefined {
  const place = table.text(key)?.replace(/\/+$/, "") || undefined;
  if (place === undefined || !/:\/\/|\s/.test(place)) return place;
  throw wrong(file, `a ${key} is not HOST[:PORT][/PATH]`);
}

/** `why` quotes nothing of the file, which may be a key that was taken for it. */
function wrong(file: string, why: string): OciEncError {
  return new OciEncError("USAGE", `${JSON.stringify(file)} cannot be used: ${why}`, {
    hint: "containers-registries.conf(5) describes version 2 of the format",
  });
}
