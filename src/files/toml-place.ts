import { dirname } from "node:path";
import { OciEncError } from "../errors.js";
import { readToml, type TomlDocument } from "./toml.js";

/** A value in a TOML file that is read strictly, and where it is. */
export interface TomlPlace {
  readonly file: { readonly path: string; readonly directory: string; readonly document: TomlDocument };
  /** The members on the way to it, from the top; in a list, the place counted from 0. */
  readonly names: readonly (string | number)[];
  readonly value: unknown;
}

/** The top of a file. `what` is for messages: `the configuration file`. USAGE when it is not TOML. */
export async function tomlTop(text: string, { path, what }: { path: string; what: string }): Promise<TomlPlace> {
  const document = await readToml(text);
  if ("fault" in document) {
    throw new OciEncError("USAGE", `${what} ${JSON.stringify(path)} cannot be used: ${document.fault}`);
  }
  return { file: { path, directory: dirname(path), document }, names: [], value: document.value };
}

/** What a table has, each with its place. USAGE when it is no table. */
export function membersOf(place: TomlPlace): readonly (readonly [string, TomlPlace])[] {
  const { value } = place;
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) {
    throw wrongMember(place, "is not a table");
  }
  return Object.entries(value).map(([name, inner]) => [
    name,
    { ...place, names: [...place.names, name], value: inner },
  ]);
}

/** What a list of tables has, each with its place. USAGE when it is no list. */
export function itemsOf(place: TomlPlace): readonly TomlPlace[] {
  const { value } = place;
  if (!Array.isArray(value)) throw wrongMember(place, "is not a list of tables");
  return value.map((inner: unknown, index) => ({ ...place, names: [...place.names, index], value: inner }));
}

/** A list of strings. USAGE when it is none. */
export function textsOf(place: TomlPlace): readonly string[] {
  const { value } = place;
  if (Array.isArray(value) && value.every((item): item is string => typeof item === "string")) return value;
  throw wrongMember(place, "is not a list of strings");
}

/** USAGE with the file, the line and the member. What stands in the file is named and not quoted. */
export function wrongMember({ file, names }: TomlPlace, why: string, hint?: string): OciEncError {
  const line = file.document.lineOf(names.map(String));
  const member = names.length === 0 ? "it" : shownNames(names);
  return new OciEncError("USAGE", `${JSON.stringify(file.path)}, line ${line}: ${member} ${why}`, { hint });
}

/** As they are written in TOML, and `rule[2]` for the second of a list. */
export function shownNames(names: readonly (string | number)[]): string {
  return names
    .map((name) => (typeof name === "number" ? `[${name + 1}]` : `.${quotedName(name)}`))
    .join("")
    .slice(1);
}

/** A name that could not be one of an option, a group or a host may be a part of a key that was taken for the file. */
function quotedName(name: string): string {
  if (!/^[a-z0-9][a-z0-9_.:-]{0,39}$/.test(name)) return "…";
  return /[.:]/.test(name) ? JSON.stringify(name) : name;
}
