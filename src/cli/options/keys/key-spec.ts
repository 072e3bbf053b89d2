import { stat } from "node:fs/promises";
import { OciEncError } from "../../../errors.js";

/** Where a passphrase comes from. */
export type PassphraseSource =
  | { readonly kind: "none" | "prompt" }
  | { readonly kind: "text"; readonly text: string; readonly bare: boolean }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "descriptor"; readonly number: number }
  | { readonly kind: "variable"; readonly name: string };

/** A key as it was named: a file, or a word for its scheme; and where its passphrase comes from. */
export interface KeySpec {
  /** Undefined: the file does not say whose it is. */
  readonly scheme: string | undefined;
  /** The file's path, or the word. */
  readonly path: string;
  readonly isFile: boolean;
  readonly passphrase: PassphraseSource;
}

/** Schemes whose keys can stay elsewhere, so that a word names them: `pgp:alice@example.test`, `provider:kms`. */
const wordSchemes: ReadonlySet<string> = new Set(["pgp", "pkcs11", "provider"]);

/**
 * Takes `SCHEME:WORD` apart for schemes whose keys are not in files, else `FILE`, `FILE:pass=PW`, `FILE:file=PATH`, `FILE:fd=N`, `FILE:env=NAME`, `FILE:prompt` or `FILE:PW` apart. A text
 * that names a file as a whole is that file. USAGE for a descriptor that is no number; NOT_FOUND when no reading of the
 * text names a file.
 */
export async function parseKeySpec(text: string): Promise<KeySpec> {
  if (await namesFile(text)) return file(text, { kind: "none" });
  const [, scheme = "", word = ""] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? [];
  if (wordSchemes.has(scheme)) return await splitValue(scheme, word);
  const marked = /^(.*?):((?:pass|file|fd|env)=.*)$/s.exec(text) ?? /^(.*):(prompt)$/s.exec(text);
  const [, path, source] = marked ?? [];
  if (path !== undefined && source !== undefined) return file(path, parsePassphraseSource(source));
  for (let colon = text.indexOf(":"); colon > 0; colon = text.indexOf(":", colon + 1)) {
    const path = text.slice(0, colon);
    if (await namesFile(path)) return file(path, { kind: "text", text: text.slice(colon + 1), bare: true });
  }
  // What follows a colon may be a passphrase, and is not shown.
  throw new OciEncError("NOT_FOUND", `no such key file: ${JSON.stringify(text.split(":")[0]?.slice(0, 300))}`, {
    hint: "a key is written FILE, FILE:file=PATH, FILE:env=NAME, FILE:fd=N or FILE:prompt",
  });
}

/** `pass=PW`, `file=PATH`, `fd=N`, `env=NAME` or `prompt`. USAGE when it is none of them. */
export function parsePassphraseSource(text: string): PassphraseSource {
  if (text === "prompt") return { kind: "prompt" };
  const split = text.indexOf("=");
  const value = text.slice(split + 1);
  switch (text.slice(0, Math.max(split, 0))) {
    case "pass":
      return { kind: "text", text: value, bare: false };
    case "file":
      return { kind: "file", path: value };
    case "env":
      return { kind: "variable", name: value };
    case "fd":
      if (/^\d{1,7}$/.test(value)) return { kind: "descriptor", number: Number(value) };
      throw new OciEncError("USAGE", "fd= takes the number of a descriptor");
    default:
      throw new OciEncError("USAGE", "a passphrase is written pass=PW, file=PATH, fd=N, env=NAME or prompt");
  }
}

/** What follows a provider's name is all its own; other words may have a passphrase or a PIN behind them. */
export async function splitValue(scheme: string, word: string): Promise<KeySpec> {
  if (scheme === "provider") return { scheme, path: word, isFile: false, passphrase: { kind: "none" } };
  const [, path = word, source] = /^(.*?):((?:pass|file|fd|env)=.*|prompt)$/s.exec(word) ?? [];
  const passphrase: PassphraseSource = source === undefined ? { kind: "none" } : parsePassphraseSource(source);
  return { scheme, path, isFile: await namesFile(path), passphrase };
}

function file(path: string, passphrase: PassphraseSource): KeySpec {
  return { scheme: undefined, path, isFile: true, passphrase };
}

/** A word as it may be shown: a PKCS#11 URI without its query, which may hold a PIN; a provider without its parameters. */
export function shownValue(scheme: string | undefined, word: string): string {
  if (scheme === "pkcs11" || word.startsWith("pkcs11:")) return word.split("?")[0] ?? "";
  return scheme === "provider" ? (word.split(":")[0] ?? "") : word;
}

/** Whether there is something under this name. */
export async function namesFile(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    // Whatever the reason, the text as a whole cannot be used as a file's name.
    return false;
  }
}
