import { stat } from "node:fs/promises";
import { schemes } from "../../../crypt/schemes/index.js";
import { OciEncError } from "../../../errors.js";
import { addressHint } from "./secret-file.js";

/** Where a passphrase comes from. */
export type PassphraseSource =
  | { readonly kind: "none" | "prompt" }
  | { readonly kind: "text"; readonly text: string; readonly bare: boolean }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "descriptor"; readonly number: number }
  | { readonly kind: "variable"; readonly name: string };

/** A key as it was given: a file, or a text for its scheme; and where its passphrase comes from. */
export interface KeySpec {
  /** Undefined: a file, which does not say which scheme it is for. */
  readonly scheme: string | undefined;
  /** The file's path, or the text. */
  readonly value: string;
  readonly isFile: boolean;
  readonly passphrase: PassphraseSource;
}

/**
 * Takes `SCHEME:TEXT` apart for schemes that take text, else `FILE`, `FILE:pass=PW`, `FILE:file=PATH`, `FILE:fd=N`,
 * `FILE:env=NAME`, `FILE:prompt` or `FILE:PW`. A text that names a file as a whole is that file. USAGE for a descriptor
 * that is not a number; NOT_FOUND when no reading of the text names a file.
 */
export async function parseKeySpec(text: string): Promise<KeySpec> {
  if (await namesFile(text)) return file(text, { kind: "none" });
  const [, scheme = "", value = ""] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? [];
  const row = schemes.get(scheme);
  if (row !== undefined && row.takes !== "file") {
    if (row.takesPassphrase) return await splitValue(scheme, value);
    const isFile = row.takes === "either" && (await namesFile(value));
    return { scheme, value, isFile, passphrase: { kind: "none" } };
  }
  const marked = /^(.*?):((?:pass|file|fd|env)=.*)$/s.exec(text) ?? /^(.*):(prompt)$/s.exec(text);
  const [, path, source] = marked ?? [];
  if (path !== undefined && source !== undefined) return file(path, parsePassphraseSource(source));
  for (let colon = text.indexOf(":"); colon > 0; colon = text.indexOf(":", colon + 1)) {
    const path = text.slice(0, colon);
    if (await namesFile(path)) return file(path, { kind: "text", text: text.slice(colon + 1), bare: true });
  }
  // What follows a colon may be a passphrase, and is not shown.
  throw new OciEncError("NOT_FOUND", `no such key file: ${JSON.stringify(text.split(":")[0]?.slice(0, 300))}`, {
    hint: (await addressHint(text)) ?? "a key is written FILE, FILE:file=PATH, FILE:env=NAME, FILE:fd=N or FILE:prompt",
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

/** A file or a text, and the source of the passphrase or PIN that may follow it. USAGE as {@link parsePassphraseSource}. */
export async function splitValue(scheme: string, text: string): Promise<KeySpec> {
  const [, value = text, source] = /^(.*?):((?:pass|file|fd|env)=.*|prompt)$/s.exec(text) ?? [];
  const passphrase: PassphraseSource = source === undefined ? { kind: "none" } : parsePassphraseSource(source);
  return { scheme, value, isFile: await namesFile(value), passphrase };
}

function file(value: string, passphrase: PassphraseSource): KeySpec {
  return { scheme: undefined, value, isFile: true, passphrase };
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
