import { schemes } from "../../crypt/schemes/index.js";
import { transportRows } from "../../transport/rows.js";

/** What a command has when it is typed again. */
export interface Additions {
  /** After the command's name. */
  readonly options?: readonly string[];
  /** At the end. */
  readonly further?: readonly string[];
  /** Those of its words that name images: their colons are no secret. */
  readonly references?: ReadonlySet<string>;
}

/** A command as it was typed, to be typed again, quoted for a shell. What may be a secret is left out: `***` stands for it. */
export function retyped(
  line: readonly string[],
  { options = [], further = [], references = new Set() }: Additions,
): string {
  const [command = "", ...rest] = line;
  const shown = rest.map((word, index) =>
    references.has(word) && isPlainName(word) ? quoted(word) : shownWord(word, rest[index - 1] ?? ""),
  );
  return ["oci-enc", command, ...options, ...shown, ...further.map(quoted)].join(" ");
}

/** Before an `@` that is no digest there may be a password. */
function isPlainName(word: string): boolean {
  return word.length <= longest && harmless.test(word) && !credentials.test(word);
}

const harmless = /^[\w./:@+,=*?{}[\]~ -]*$/;
const credentials = /:[^/]*@(?!sha(?:256|512):)/;

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

/** What follows is the name of an image, whose colons are no secret. */
const namePrefixes: readonly string[] = transportRows.flatMap(({ named, prefixes }) => (named ? prefixes : []));

/** Options whose values are secrets, whatever they look like. */
const secretOption = /^(?:-p$|--(?:(?:login-)?password|(?:src-|dest-)?(?:creds|registry-token))(?:=|$))/;

/** Options whose values are names with colons and no secrets. */
const plainOption = /^--(?:base|reuse-from|layer|exclude-layer|type)$/;

/** Paths, names and references; no text of a key, no command with its arguments, nothing with a passphrase in it. */
function mayTell(word: string, before: string): boolean {
  if (word.length > longest || !harmless.test(word)) return false;
  if (/(?:pass|pin|secret|token)[\w-]*=/i.test(word)) return false;
  const prefix = namePrefixes.find((one) => word.startsWith(one));
  if (prefix !== undefined) return !credentials.test(word.slice(prefix.length));
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
