import type { OciEncError } from "../../../errors.js";

/**
 * A table of a configuration file that other tools read too: keys count in any case, as for them. A value of another
 * type than it has to be is refused, never taken for none: it may be the one that blocks a registry.
 */
export interface ConfTable {
  has(key: string): boolean;
  /** False when it is not there. */
  flag(key: string): boolean;
  /** Undefined when it is not there, or empty. */
  text(key: string): string | undefined;
  texts(key: string): readonly string[] | undefined;
  /** What it maps, its keys as they are written. */
  pairs(key: string): ReadonlyMap<string, string>;
  tables(key: string): readonly ConfTable[];
}

/** What a parser made of a table. `wrong` makes the error from what is wrong with it. */
export function confTable(value: unknown, wrong: (why: string) => OciEncError): ConfTable {
  const members = membersOf(value);
  if (members === undefined) throw wrong("a table is expected where another value stands");
  const find = (key: string): unknown =>
    (members.find(([name]) => name === key) ?? members.find(([name]) => name.toLowerCase() === key))?.[1];
  const typed = <T>(key: string, what: string, is: (found: unknown) => found is T): T | undefined => {
    const found = find(key);
    if (found === undefined || is(found)) return found;
    throw wrong(`${JSON.stringify(key)} is not ${what}`);
  };
  return {
    has: (key) => find(key) !== undefined,
    flag: (key) => typed(key, "true or false", (found) => typeof found === "boolean") ?? false,
    text: (key) => typed(key, "a string", isText) || undefined,
    texts: (key) => typed(key, "a list of strings", isTextList),
    pairs: (key) => new Map(Object.entries(typed(key, "a table of strings", isTextTable) ?? {})),
    tables: (key) => (typed(key, "a list of tables", isList) ?? []).map((found) => confTable(found, wrong)),
  };
}

function membersOf(value: unknown): readonly [string, unknown][] | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isTextList(value: unknown): value is readonly string[] {
  return isList(value) && value.every(isText);
}

function isTextTable(value: unknown): value is Readonly<Record<string, string>> {
  return membersOf(value)?.every(([, text]) => isText(text)) ?? false;
}
