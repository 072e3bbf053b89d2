import { type Flag, spellings } from "../options/flag.js";
import { firstWords, type KnownCommand, quoted, secondWords } from "./known-command.js";

/** A script for a directory of zsh's `fpath`, named `_oci-enc`. What it has no words for is completed as a file. */
export function zshCompletion(commands: readonly KnownCommand[]): string {
  const summaries = new Map(commands.map(({ name, summary }) => [name, summary]));
  const first = firstWords(commands).map((word) => described(word, summaries.get(word) ?? "more commands"));
  return [
    "#compdef oci-enc",
    "_oci_enc() {",
    '  local typed="${(j: :)words[2,CURRENT-1]} " previous="${words[CURRENT-1]}"',
    "  local -a known",
    '  case "$typed" in',
    `    ' ' | 'help ') known=(${first.join(" ")}); _describe 'command' known; return ;;`,
    ...[...secondWords(commands)].map(
      ([word, more]) => `    ${quoted(`${word} `)}) compadd -- ${more.join(" ")}; return ;;`,
    ),
    ...commands.flatMap(commandCase),
    "  esac",
    "  _files",
    "}",
    'if [[ "$funcstack[1]" == "_oci-enc" ]]; then _oci_enc "$@"; else compdef _oci_enc oci-enc; fi',
  ].join("\n");
}

function commandCase({ name, flags, words }: KnownCommand): readonly string[] {
  const choices = flags.filter((flag) => flag.choices.length > 0);
  const free = flags.filter((flag) => flag.placeholder !== undefined && flag.choices.length === 0);
  return [
    `    ${quoted(`${name} `)}*)`,
    '      case "$previous" in',
    ...choices.map((flag) => `        ${spellings(flag).join(" | ")}) compadd -- ${flag.choices.join(" ")}; return ;;`),
    ...(free.length > 0 ? [`        ${free.flatMap(spellings).join(" | ")}) _files; return ;;`] : []),
    "      esac",
    `      known=(${flags.flatMap(describedFlag).join(" ")})`,
    "      [[ \"${words[CURRENT]}\" == -* ]] && { _describe -o 'option' known; return }",
    ...(words.length > 0 ? [`      compadd -- ${words.join(" ")}; return`] : []),
    "      ;;",
  ];
}

function describedFlag(flag: Flag<unknown>): readonly string[] {
  return spellings(flag).map((spelling) => described(spelling, flag.about));
}

/** A colon ends the word that is described. */
function described(word: string, about: string): string {
  return quoted(`${word}:${about.replaceAll(":", "\\:")}`);
}
