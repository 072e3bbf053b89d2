import type { Flag } from "../options/flag.js";

/** One command as the completion of a shell needs to know it. */
export interface KnownCommand {
  /** `encrypt`, `key generate`. */
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag<unknown>[];
  /** What its arguments can be, where that is known. */
  readonly words: readonly string[];
}

/** The first words of the commands, each once: `key` stands for all that begin with it. */
export function firstWords(commands: readonly KnownCommand[]): readonly string[] {
  return [...new Set(commands.map(({ name }) => name.split(" ", 1).join("")))];
}

/** The second words, by the first. */
export function secondWords(commands: readonly KnownCommand[]): ReadonlyMap<string, readonly string[]> {
  const pairs = commands.map(({ name }) => name.split(" ")).filter((words) => words.length > 1);
  const found = new Map<string, string[]>();
  for (const [first = "", second = ""] of pairs) found.set(first, [...(found.get(first) ?? []), second]);
  return found;
}

/** For a shell's single quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
