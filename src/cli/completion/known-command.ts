import { explainedCodes } from "../explanations/page.js";
import { type Flag, spellings } from "../options/flag.js";
import { topics } from "../options/topics.js";
import { kindOfFlag, type WordKindName } from "./word-kinds.js";

/** One command as the completion of a shell needs to know it. */
export interface KnownCommand {
  /** `encrypt`, `key generate`. */
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag<unknown>[];
  /** What its arguments can be, where that is known. */
  readonly words: readonly string[];
  /** Whether an argument is an image, and whether one is something else. */
  readonly images: boolean;
  readonly files: boolean;
}

/** Options that take a value of their own form, by what completes it: a kind of words, or undefined for files. */
export function freeFlags(flags: readonly Flag<unknown>[]): ReadonlyMap<WordKindName | undefined, readonly string[]> {
  const found = new Map<WordKindName | undefined, readonly string[]>();
  for (const flag of flags.filter(({ placeholder, choices }) => placeholder !== undefined && choices.length === 0)) {
    const kind = kindOfFlag(flag);
    found.set(kind, [...(found.get(kind) ?? []), ...spellings(flag)]);
  }
  return found;
}

/** The first words of the commands, each once: `key` stands for all that begin with it. */
export function firstWords(commands: readonly KnownCommand[]): readonly string[] {
  return [...new Set(commands.map(({ name }) => name.split(" ", 1).join("")))];
}

/** What may follow `oci-enc help`: commands, topics, and codes of errors and warnings. */
export function helpWords(commands: readonly KnownCommand[]): readonly string[] {
  return [...firstWords(commands), ...topics.map(({ name }) => name), ...explainedCodes.map(({ code }) => code)];
}

/** What may stand in the place of a command. */
export const pageWords: readonly string[] = ["help", "version", "--help", "--help-all", "--version"];

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
