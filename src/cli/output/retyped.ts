import { schemes } from "../../crypt/schemes/index.js";
import { transportRows } from "../../transport/rows.js";

/**
 * A command as it was typed, to be typed again: with further options after the command's name, and further arguments at the
 * end, quoted for a shell. What may be a secret is left out: `***` stands for it.
 */
export function retyped(line: readonly string[], options: readonly string[], further: readonly string[] = []): string {
  const [command = "", ...rest] = line;
  const shown = rest.map((word, index) => shownWord(word, rest[index - 1] ?? ""));
  return ["oci-enc", command, ...options, ...shown, ...further.map(quoted)].join(" ");
}

function shownWord(word: string, before: string): string {
  const option = secretOption.exec(word)?.[0] ?? "";
  if (secretOption.test(before) && !before.includes("=")) return hidden;
  if (option.endsWith("=")) return `${option}${hidden}`;
  return mayTell(word, before) ? quoted(word) : hidden;
}

/** A whole command, quoted for a shell. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

const hidden = "***";

/** What follows is the name of an image, whose colons are no secret; before an `@` that is no digest there may be a password. */
const namePrefixes: readonly string[] = transportRows.flatMap(({ named, prefixes }) => (named ? prefixes : []));

/** Options whose values are secrets, whatever they look like. */
const secretOption = /^--(?:src-|dest-)?(?:creds|registry-token)(?:=|$)/;

/** Options whose values are names with colons and no secrets. */
const plainOption = /^--(?:base|reuse-from|layer|exclude-layer)$/;

/** Paths, names and references; no text of a key, no command with its arguments, nothing with a passphrase in it. */
function mayTell(word: string, before: string): boolean {
  if (word.length > longest || !/^[\w./:@+,=*?{}[\]~ -]*$/.test(word)) return false;
  if (/(?:pass|pin|secret|token)[\w-]*=/i.test(word)) return false;
  const prefix = namePrefixes.find((one) => word.startsWith(one));
  if (prefix !== undefined) return !/:[^/]*@(?!sha(?:256|512):)/.test(word.slice(prefix.length));
  return plainOption.test(before) || withoutSecret.test(word) || isShownKey(word);
}

/** What follows the last colon of a key may be its passphrase. */
const withoutSecret = /^(?:--[\w.-]+=)?[^:]*(?::(?:file|env|fd)=[^:]*|:prompt)?$/;

const named = /^(?:--[\w.-]+=)?([a-z0-9]+):([^:]*)(?::(?:file|env|fd)=[^:]*|:prompt)?$/;

/** Kinds of signers that are no key schemes, and take names and files. */
const signers: ReadonlySet<string> = new Set(["sigstore", "notary", "gpg"]);

/** Whether a word is `SCHEME:VALUE`, and its scheme says that the whole value may be shown. */
function isShownKey(word: string): boolean {
  const [, scheme, text] = named.exec(word) ?? [];
  if (scheme === undefined || text === undefined) return false;
  const row = schemes.get(scheme);
  if (row === undefined) return signers.has(scheme);
  return row.takes === "file" || row.shown?.(text) === text;
}

/** No path in a command that somebody types again is longer. */
const longest = 300;

function quoted(word: string): string {
  return /^[\w./:@+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
