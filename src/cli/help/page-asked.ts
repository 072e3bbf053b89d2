import type { CommandLine } from "../command-line.js";
import { rowsBelow } from "../commands/find.js";
import { writeResult } from "../output/console/streams.js";
import { pages, printVersionDocument, versionWords } from "./pages.js";

const json = "--json";

/** What prints the page that is asked for in the place of a command: `--version`, `help copy`. Undefined: there is a command. */
export function pageAsked({ before, rest: line }: CommandLine): (() => Promise<void>) | undefined {
  const [first = "", second] = line;
  const isVersion = versionWords.has(first) && line.slice(1).every((word) => word === json);
  if (isVersion && [...before, ...line].includes(json)) return printVersionDocument;
  if (line.length === 1) return pages.get(first);
  const words = wordsOf(line);
  const all = line.includes("--help-all");
  if (first === "help") return () => printHelp(words.slice(1), all);
  const ofGroup = rowsBelow(first).length > 0 && asksForHelp(second);
  return asksForHelp(first) || ofGroup ? () => printHelp(words, all) : undefined;
}

/** Prints the page that the words name. `all`: everything is asked for. USAGE when there is none. */
export async function printHelp(words: readonly string[], all: boolean): Promise<void> {
  const { helpPage } = await import("./lookups.js");
  await writeResult(`${await helpPage(words, all)}\n`);
}

/** Up to the first option: what follows it may be a value, and that a secret. */
function wordsOf(line: readonly string[]): readonly string[] {
  const named = line.filter((word) => !asksForHelp(word));
  const options = named.findIndex((word) => word.startsWith("-"));
  return options < 0 ? named : named.slice(0, options);
}

function asksForHelp(word: string | undefined): boolean {
  return word === "--help" || word === "-h" || word === "--help-all";
}
