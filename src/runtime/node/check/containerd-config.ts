import { readFile } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { systemCode } from "../../../errors.js";
import { readToml } from "../../../files/toml.js";
import { builtInProcessors, type StreamProcessor } from "../stream-processors.js";
import type { ContainerdVersion } from "./containerd-version.js";
import { importedFiles } from "./import-pattern.js";

/** A table of a configuration. */
export type Table = Readonly<Record<string, unknown>>;

/** What containerd's configuration comes to, with all that it imports. */
export interface ContainerdConfig {
  /** The main file. */
  readonly path: string;
  /** The files that were read, the main one first; empty when that is not there. */
  readonly files: readonly ConfigFile[];
  /** Undefined: its default counts. */
  readonly root: string | undefined;
  /** By id, the built-in ones among them; an entry of a file replaces a built-in one whole. */
  readonly processors: ReadonlyMap<string, StreamProcessor>;
  readonly disabled: readonly string[];
  /** A plug-in's table; empty when there is none. */
  plugin(id: string): Table;
  /** What could not be read, and why: containerd does not start with it. */
  readonly unreadable: readonly { readonly path: string; readonly why: string }[];
  /** Patterns of imports that this containerd looks for in the directory in which it was started. */
  readonly astray: readonly { readonly path: string; readonly pattern: string }[];
}

/** One file of it. */
export interface ConfigFile {
  readonly path: string;
  /** As it says itself; 1 when it does not. */
  readonly version: number;
  readonly plugins: Table;
}

/**
 * Reads containerd's configuration as containerd of that version does: of what two files say, that of the imported one counts;
 * stream processors are replaced whole, and plug-ins' tables by containerd 1, which 2 merges. Throws nothing for what it finds.
 */
export async function readContainerdConfig(path: string, version: ContainerdVersion): Promise<ContainerdConfig> {
  const { files, unreadable, astray } = await readFiles(path, version);
  const tables = files.map(({ table }) => table);
  const processors = new Map(builtInProcessors);
  for (const [id, entry] of tables.flatMap((table) => Object.entries(tableOf(table["stream_processors"])))) {
    processors.set(id, processorOf(entry));
  }
  const join = version.major >= 2 ? merged : (one: Table, other: Table): Table => ({ ...one, ...other });
  const plugins = tables.map((table) => tableOf(table["plugins"])).reduce(join, {});
  return {
    path,
    files: files.map(({ path: file, table }) => ({
      path: file,
      version: versionOf(table),
      plugins: tableOf(table["plugins"]),
    })),
    root: tables.flatMap((table) => textOf(table["root"]) ?? []).at(-1),
    processors,
    disabled: tables.flatMap((table) => textsOf(table["disabled_plugins"])),
    plugin: (id) => tableOf(plugins[id]),
    unreadable,
    astray,
  };
}

interface ReadFiles {
  readonly files: readonly { readonly path: string; readonly table: Table }[];
  readonly unreadable: ContainerdConfig["unreadable"];
  readonly astray: ContainerdConfig["astray"];
}

/** A file and what it imports, each once and in the order in which containerd reads them. */
async function readFiles(main: string, version: ContainerdVersion): Promise<ReadFiles> {
  const files: { path: string; table: Table }[] = [];
  const unreadable: { path: string; why: string }[] = [];
  const astray: { path: string; pattern: string }[] = [];
  const pending = [main];
  const seen = new Set<string>();
  for (let path = pending.shift(); path !== undefined; path = pending.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const read = await readTable(path);
    if ("table" in read) {
      files.push({ path, table: read.table });
      for (const entry of textsOf(read.table["imports"])) {
        if (isAstray(entry, version)) astray.push({ path, pattern: entry });
        else pending.push(...(await importedFiles(entry, dirname(path))));
      }
    } else if (!(read.missing && path === main)) {
      // Without a main file containerd goes by its defaults.
      unreadable.push({ path, why: read.why });
    }
  }
  return { files, unreadable, astray };
}

/** Since 1.7 patterns are relative to the file that they stand in, as plain names always were. */
function isAstray(entry: string, { major, minor = 7 }: ContainerdVersion): boolean {
  return major === 1 && minor < 7 && entry.includes("*") && !isAbsolute(entry);
}

async function readTable(
  path: string,
): Promise<{ readonly table: Table } | { readonly why: string; readonly missing: boolean }> {
  try {
    const read = await readToml(await readFile(path, "utf8"));
    return "fault" in read ? { why: read.fault, missing: false } : { table: tableOf(read.value) };
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return { why: code === "ENOENT" ? "it does not exist" : `it cannot be read (${code})`, missing: code === "ENOENT" };
  }
}

function versionOf(table: Table): number {
  const version = table["version"];
  return typeof version === "number" && version > 0 ? version : 1;
}

function processorOf(value: unknown): StreamProcessor {
  const entry = tableOf(value);
  return {
    accepts: textsOf(entry["accepts"]),
    returns: textOf(entry["returns"]) ?? "",
    path: textOf(entry["path"]) ?? "",
    args: textsOf(entry["args"]),
    env: textsOf(entry["env"]),
  };
}

/** The second counts; tables that both have are merged in the same way. */
function merged(one: Table, other: Table): Table {
  const result: Record<string, unknown> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const before = result[name];
    result[name] = isTable(before) && isTable(value) ? merged(before, value) : value;
  }
  return result;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Empty for what is no table. */
export function tableOf(value: unknown): Table {
  return isTable(value) ? value : {};
}

/** Undefined for what is no text, and for an empty one. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Those members of a list that are texts. */
function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
