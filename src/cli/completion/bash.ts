import { spellings } from "../options/flag.js";
import {
  firstWords,
  freeFlags,
  helpWords,
  type KnownCommand,
  pageWords,
  quoted,
  secondWords,
} from "./known-command.js";

/** A script for `/etc/bash_completion.d`. What it has no words for is completed as a file. */
export function bashCompletion(commands: readonly KnownCommand[]): string {
  const groups = [...secondWords(commands)].map(
    ([first, words]) => `    ${quoted(`${first} `)} | ${quoted(`help ${first} `)}) words=${quoted(words.join(" "))} ;;`,
  );
  return [
    "# bash completion for oci-enc",
    ...splitting,
    ...asking,
    "_oci_enc() {",
    "  local typed current quote previous words= kind=",
    '  _oci_enc_split "${COMP_LINE:0:COMP_POINT}"',
    '  local whole="$current"',
    '  if [[ "$current" == --*=* ]]; then previous="${current%%=*}" current="${current#*=}"; fi',
    '  case "${typed#* }" in',
    `    '') words=${quoted([...firstWords(commands), ...pageWords].join(" "))} ;;`,
    `    'help ') words=${quoted(helpWords(commands).join(" "))} ;;`,
    ...groups,
    ...commands.flatMap(commandCase),
    "  esac",
    '  if [[ -n "$kind" ]]; then _oci_enc_ask "$kind" "$2"',
    '  else COMPREPLY=($(compgen -W "$words" -- "$current")); fi',
    "}",
    "complete -o default -F _oci_enc oci-enc",
  ].join("\n");
}

/**
 * Bash divides words at colons and equals signs, which `COMP_WORDBREAKS` says, and leaves quotes in them. So the line is read
 * here, as a shell reads it and without evaluating anything: the complete words, what the last one means, and an open quote.
 */
const splitting = [
  "_oci_enc_split() {",
  '  local line="$1" char at begun=',
  "  typed= current= quote= previous=",
  "  for ((at = 0; at < ${#line}; at++)); do",
  '    char="${line:at:1}"',
  '    if [[ "$quote" == "\'" && "$char" != "\'" ]]; then current+="$char"',
  '    elif [[ "$char" == "\\\\" ]]; then at=$((at + 1)) current+="${line:at:1}" begun=1',
  '    elif [[ -n "$quote" && "$char" == "$quote" ]]; then quote=',
  '    elif [[ -n "$quote" ]]; then current+="$char"',
  '    elif [[ "$char" == [\\"\\\'] ]]; then quote="$char" begun=1',
  '    elif [[ "$char" != [[:space:]] ]]; then current+="$char" begun=1',
  '    elif [[ -n "$begun" ]]; then typed+="$current " previous="$current" current= begun=; fi',
  "  done",
  "}",
];

/** Offers what `oci-enc __complete` knows, less what stands before the part of the word that bash puts an answer in place of. */
const asking = [
  "_oci_enc_ask() {",
  '  local candidate asked="$current" all="$whole" open="$quote" rest',
  '  local before="${whole%"$current"}"',
  '  _oci_enc_split "$open$2"',
  '  local kept="${all%"$current"}"',
  "  while IFS= read -r candidate; do",
  '    [[ "$candidate" == *[/:] ]] && compopt -o nospace 2>/dev/null',
  '    candidate="$before$candidate" rest="${candidate#"$kept"}"',
  '    case "$open" in',
  "      \"'\") rest=\"${rest//\\'/\\'\\\\\\'\\'}\" ;;",
  '      \'"\') rest="$(printf %s "$rest" | sed \'s/[\\\\"$`]/\\\\&/g\')" ;;',
  '      *) printf -v rest %q "$rest" ;;',
  "    esac",
  '    COMPREPLY+=("$rest")',
  '  done < <(command oci-enc __complete "$1" "$asked" 2>/dev/null)',
  "}",
];

function commandCase({ name, flags, words, images }: KnownCommand): readonly string[] {
  const choices = flags.filter((flag) => flag.choices.length > 0);
  const options = flags.flatMap(spellings).filter((spelling) => spelling.startsWith("--"));
  const free = [...freeFlags(flags)].map(([kind, names]) => {
    return `        ${names.join(" | ")}) ${kind === undefined ? "return" : `kind=${kind}`} ;;`;
  });
  const argument = images ? "kind=image" : `words=${quoted(words.join(" "))}`;
  return [
    `    ${quoted(`${name} `)}*)`,
    '      case "$previous" in',
    ...choices.map((flag) => `        ${spellings(flag).join(" | ")}) words=${quoted(flag.choices.join(" "))} ;;`),
    ...free,
    `        *) if [[ "$current" == -* ]]; then words=${quoted([...options, "--help", "--help-all"].join(" "))}; else ${argument}; fi ;;`,
    "      esac",
    "      ;;",
  ];
}
