import type { TomlError } from "smol-toml";

/** A TOML text as values, and where each of them stands. */
export interface TomlDocument {
  /** Tables as objects, the other types as JavaScript has them. */
  readonly value: unknown;
  /** The line, from 1 on, on which a member begins; `path` has a name for each table on the way to it. */
  lineOf(path: readonly string[]): number;
}

/** Why a text is not TOML. */
export interface TomlFault {
  /** With the place, and without a word of the text, which may be a key that was taken for it. */
  readonly fault: string;
}

/** Reads TOML 1.0. The parser is loaded when first needed. */
export async function readToml(text: string): Promise<TomlDocument | TomlFault> {
  const { parse } = await import("smol-toml");
  try {
    return { value: parse(text), lineOf: (path) => lineOf(path, text, parse) };
  } catch (error) {
    return { fault: `it is not TOML${placeOf(error)}` };
  }
}

/** The parser's own message quotes the line. */
function placeOf(error: unknown): string {
  if (!isTomlError(error)) return "";
  return ` (line ${Number(error.line)}, column ${Number(error.column)})`;
}

function isTomlError(error: unknown): error is TomlError {
  return error instanceof Error && "line" in error && "column" in error;
}

/**
 * The parser tells no places. A member begins on the line after the longest beginning of the text that is TOML and lacks it,
 * and ends where the shortest beginning ends that is TOML and has it.
 */
function lineOf(path: readonly string[], text: string, parse: (text: string) => unknown): number {
  const lines = text.split("\n");
  let before = 0;
  for (let count = 1; count < lines.length; count += 1) {
    const value = parsedPart(`${lines.slice(0, count).join("\n")}\n`, parse);
    if (value === undefined) continue;
    if (has(value, path)) break;
    before = count;
  }
  return before + 1;
}

/** Undefined: it ends within a value. */
function parsedPart(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function has(value: unknown, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return true;
  return (
    typeof value === "object" && value !== null && Object.hasOwn(value, name) && has(Reflect.get(value, name), rest)
  );
}
