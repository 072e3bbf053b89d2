import { spellings } from "../options/flag.js";
import { firstWords, type KnownCommand, quoted, secondWords } from "./known-command.js";

/** A script for `/etc/bash_completion.d`. What it has no words for is completed as a file. */
export function bashCompletion(commands: readonly KnownCommand[]): string {
  const groups = [...secondWords(commands)].map(
    ([first, words]) => `    ${quoted(`${first} `)}) words=${quoted(words.join(" "))} ;;`,
  );
  return [
    "# bash completion for oci-enc",
    "_oci_enc() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words=',
    '  case "${COMP_WORDS[*]:1:COMP_CWORD-1} " in',
    `    ' ' | 'help ') words=${quoted([...firstWords(commands), "help", "--help", "--version"].join(" "))} ;;`,
    ...groups,
    ...commands.flatMap(commandCase),
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _oci_enc oci-enc",
  ].join("\n");
}

function commandCase({ name, flags, words }: KnownCommand): readonly string[] {
  const choices = flags.filter((flag) => flag.choices.length > 0);
  const free = flags.filter((flag) => flag.placeholder !== undefined && flag.choices.length === 0);
  const options = flags.flatMap(spellings).filter((spelling) => spelling.startsWith("--"));
  return [
    `    ${quoted(`${name} `)}*)`,
    '      case "$previous" in',
    ...choices.map((flag) => `        ${spellings(flag).join(" | ")}) words=${quoted(flag.choices.join(" "))} ;;`),
    ...(free.length > 0 ? [`        ${free.flatMap(spellings).join(" | ")}) return ;;`] : []),
    `        *) if [[ "$current" == -* ]]; then words=${quoted([...options, "--help"].join(" "))}; else words=${quoted(words.join(" "))}; fi ;;`,
    "      esac",
    "      ;;",
  ];
}
