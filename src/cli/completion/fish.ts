import type { Flag } from "../options/flag.js";
import { firstWords, type KnownCommand, secondWords } from "./known-command.js";

/** A script for fish's `completions` directory. */
export function fishCompletion(commands: readonly KnownCommand[]): string {
  const summaries = new Map(commands.map(({ name, summary }) => [name, summary]));
  const first = firstWords(commands).map(
    (word) =>
      `complete -c oci-enc -n __fish_use_subcommand -f -a ${word} -d ${quoted(summaries.get(word) ?? "more commands")}`,
  );
  const second = [...secondWords(commands)].map(
    ([word, more]) =>
      `complete -c oci-enc -n ${quoted(`__fish_seen_subcommand_from ${word}`)} -f -a ${quoted(more.join(" "))}`,
  );
  return ["# fish completion for oci-enc", ...first, ...second, ...commands.flatMap(commandLines)].join("\n");
}

function commandLines({ name, flags, words }: KnownCommand): readonly string[] {
  const condition = name
    .split(" ")
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join("; and ");
  const start = `complete -c oci-enc -n ${quoted(condition)}`;
  const given = words.length > 0 ? [`${start} -f -a ${quoted(words.join(" "))}`] : [];
  return [...given, ...flags.flatMap((flag) => flagLines(start, flag))];
}

/** `-r`: a value follows, and files are offered; `-x`: a value follows, and only these words are. */
function flagLines(start: string, flag: Flag<unknown>): readonly string[] {
  const choices = flag.choices.length > 0 ? ` -x -a ${quoted(flag.choices.join(" "))}` : " -r";
  const value = flag.placeholder === undefined ? "" : choices;
  const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
  const main = `${start}${short} -l ${flag.name}${value} -d ${quoted(flag.about)}`;
  return [main, ...flag.aliases.map((alias) => `${start} -l ${alias}${value}`)];
}

/** Fish's single quotes know two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
