import { type Flag, spellings } from "../options/flag.js";
import {
  firstWords,
  freeFlags,
  helpWords,
  type KnownCommand,
  pageWords,
  quoted,
  secondWords,
} from "./known-command.js";

/** A script for a directory of zsh's `fpath`, named `_oci-enc`. What it has no words for is completed as a file. */
export function zshCompletion(commands: readonly KnownCommand[]): string {
  const summaries = new Map(commands.map(({ name, summary }) => [name, summary]));
  const first = firstWords(commands).map((word) => described(word, summaries.get(word) ?? "more commands"));
  return [
    "#compdef oci-enc",
    ...asking,
    "_oci_enc() {",
    '  local typed="${(j: :)words[2,CURRENT-1]} " previous="${words[CURRENT-1]}"',
    "  local -a known",
    '  if [[ "$PREFIX" == --*=* ]]; then previous="${PREFIX%%=*}"; compset -P "*="; fi',
    '  case "$typed" in',
    `    ' ') known=(${first.join(" ")}); _describe 'command' known; compadd -- ${pageWords.join(" ")}; return ;;`,
    `    'help ') compadd -- ${helpWords(commands).join(" ")}; return ;;`,
    ...[...secondWords(commands)].map(
      ([word, more]) =>
        `    ${quoted(`${word} `)} | ${quoted(`help ${word} `)}) compadd -- ${more.join(" ")}; return ;;`,
    ),
    ...commands.flatMap(commandCase),
    "  esac",
    "  _files",
    "}",
    'if [[ "$funcstack[1]" == "_oci-enc" ]]; then _oci_enc "$@"; else compdef _oci_enc oci-enc; fi',
  ].join("\n");
}

/** Offers what `oci-enc __complete` knows; zsh itself quotes what it inserts. No space follows what goes on. */
const asking = [
  "_oci_enc_ask() {",
  "  local -a found",
  '  found=("${(@f)$(command oci-enc __complete "$1" "${(Q)PREFIX}" 2>/dev/null)}")',
  '  compadd -S "" -- ${(M)found:#*[/:]}',
  "  compadd -- ${${found:#*[/:]}:#}",
  '  [[ -n "$found" ]]',
  "}",
];

function commandCase({ name, flags, words, images, files }: KnownCommand): readonly string[] {
  const choices = flags.filter((flag) => flag.choices.length > 0);
  const free = [...freeFlags(flags)].map(([kind, names]) => {
    return `        ${names.join(" | ")}) ${kind === undefined ? "" : `_oci_enc_ask ${kind} || `}_files; return ;;`;
  });
  return [
    `    ${quoted(`${name} `)}*)`,
    '      case "$previous" in',
    ...choices.map((flag) => `        ${spellings(flag).join(" | ")}) compadd -- ${flag.choices.join(" ")}; return ;;`),
    ...free,
    "      esac",
    `      known=(${[...flags.flatMap(describedFlag), ...helpOptions].join(" ")})`,
    "      [[ \"${words[CURRENT]}\" == -* ]] && { _describe -o 'option' known; return }",
    ...(words.length > 0 ? [`      compadd -- ${words.join(" ")}; return`] : []),
    ...(images ? [`      _oci_enc_ask image${files ? "" : " && return"}`] : []),
    "      ;;",
  ];
}

const helpOptions = [described("--help", "the options of the job"), described("--help-all", "every option")];

function describedFlag(flag: Flag<unknown>): readonly string[] {
  return spellings(flag).map((spelling) => described(spelling, flag.about));
}

/** A colon ends the word that is described. */
function described(word: string, about: string): string {
  return quoted(`${word}:${about.replaceAll(":", "\\:")}`);
}
