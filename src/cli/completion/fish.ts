import type { Flag } from "../options/flag.js";
import { firstWords, helpWords, type KnownCommand, pageWords, secondWords } from "./known-command.js";
import { kindOfFlag, wordKinds } from "./word-kinds.js";

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
  return [
    "# fish completion for oci-enc",
    ...asking,
    ...first,
    ...pages(commands),
    ...second,
    ...commands.flatMap(commandLines),
  ].join("\n");
}

/** The pages of help. */
function pages(commands: readonly KnownCommand[]): readonly string[] {
  const isFirst = "complete -c oci-enc -n __fish_use_subcommand -f";
  const isAnywhere = "complete -c oci-enc -f";
  return [
    ...pageWords.filter((word) => !word.startsWith("-")).map((word) => `${isFirst} -a ${word}`),
    `${isFirst} -l version -d ${quoted("the version")}`,
    `${isAnywhere} -l help -d ${quoted("the options of the job")}`,
    `${isAnywhere} -l help-all -d ${quoted("everything")}`,
    `complete -c oci-enc -n ${quoted("__fish_seen_subcommand_from help")} -f -a ${quoted(helpWords(commands).join(" "))}`,
  ];
}

/** Offers what `oci-enc __complete` knows of the word as it is meant; fish itself quotes what it inserts. */
const asking = [
  "function __oci_enc_ask",
  "  set -l typed (commandline -ct)",
  "  set -l word (string unescape -- $typed)",
  "  or set word (string replace -ra '[\\'\"]' '' -- $typed)",
  "  command oci-enc __complete $argv[1] (string replace -r '^--[^=]*=' '' -- $word) 2>/dev/null",
  "end",
];

function commandLines({ name, flags, words, images, files }: KnownCommand): readonly string[] {
  const condition = name
    .split(" ")
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join("; and ");
  const start = `complete -c oci-enc -n ${quoted(condition)}`;
  const given = words.length > 0 ? [`${start} -f -a ${quoted(words.join(" "))}`] : [];
  const offered = images ? [`${start}${files ? "" : " -f"} -a '(__oci_enc_ask image)'`] : [];
  return [...given, ...offered, ...flags.flatMap((flag) => flagLines(start, flag))];
}

function flagLines(start: string, flag: Flag<unknown>): readonly string[] {
  const value = flag.placeholder === undefined ? "" : valueWords(flag);
  const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
  const main = `${start}${short} -l ${flag.name}${value} -d ${quoted(flag.about)}`;
  return [main, ...flag.aliases.map((alias) => `${start} -l ${alias}${value}`)];
}

/** `-r`: a value follows, and files are offered; `-x`: a value follows, and only these words are. */
function valueWords(flag: Flag<unknown>): string {
  if (flag.choices.length > 0) return ` -x -a ${quoted(flag.choices.join(" "))}`;
  const kind = kindOfFlag(flag);
  if (kind === undefined) return " -r";
  return ` ${wordKinds[kind].files ? "-r" : "-x"} -a '(__oci_enc_ask ${kind})'`;
}

/** Fish's single quotes know two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
