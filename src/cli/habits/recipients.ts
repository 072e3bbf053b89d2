import { stat } from "node:fs/promises";
import { schemes } from "../../crypt/schemes/index.js";
import type { KeyDescription } from "../../doors/crypt.js";
import { OciEncError } from "../../errors.js";
import { foreignForm } from "../../keys/foreign-form.js";
import type { Habit } from "./habit.js";
import { similar } from "./similar.js";
import { mapWords, type Word } from "./typed-line.js";

/** What a file without a scheme is, by its keys, and the scheme that encrypts for it. */
type FileKind = { readonly kind: "taken" | "meant"; readonly scheme: string } | { readonly kind: "private" };

const kinds: readonly (readonly [pattern: RegExp, kind: FileKind])[] = [
  [/^(?:public key|certificate)$/, { kind: "taken", scheme: "jwe" }],
  [/^OpenPGP public key/, { kind: "meant", scheme: "pgp" }],
  [/^PKCS#11/, { kind: "meant", scheme: "pkcs11" }],
  [/^(?:OpenPGP )?private key$/, { kind: "private" }],
];

/**
 * The scheme of a file that was given as a recipient without one: `jwe` where all that it holds are public keys and
 * certificates. USAGE otherwise, saying what it is; what it holds is not quoted.
 */
export async function schemeOfRecipientFile(path: string, value: Uint8Array): Promise<string> {
  const kind = await kindOfFile(path, value);
  if (kind?.kind === "taken") return kind.scheme;
  const name = JSON.stringify(path.slice(0, 300));
  if (kind?.kind === "private") {
    throw new OciEncError("USAGE", `not a recipient: ${name} holds a private key, and a recipient is a public one`);
  }
  const form = foreignForm(value);
  throw new OciEncError("USAGE", `not a recipient: ${name}${form ? ` is ${form.what}` : ""}`, {
    hint: form?.hint ?? recipientHint,
  });
}

/** How a recipient is written. */
export const recipientHint = "a recipient is written SCHEME:KEY, for example jwe:pub.pem";

/** Undefined: no key that is known. */
async function kindOfFile(path: string, value: Uint8Array): Promise<FileKind | undefined> {
  const { describeKeyFile } = await import("../../doors/crypt.js");
  let described: readonly KeyDescription[];
  try {
    described = await describeKeyFile({ value, origin: path });
  } catch (error) {
    if (error instanceof OciEncError) return undefined;
    throw error;
  }
  const found = kinds.filter(([pattern]) => described.some(({ kind }) => pattern.test(kind))).map(([, kind]) => kind);
  return found.find(({ kind }) => kind === "private") ?? found[0];
}

/** What texts that are no file are: addresses and key ids are OpenPGP's. */
const texts: readonly (readonly [pattern: RegExp, scheme: string])[] = [
  [/^<?[^\s@:/]+@[^\s@:/]+>?$/, "pgp"],
  [/^(?:0x)?[0-9A-F]{8,40}$/i, "pgp"],
  [/^[^\s:]*[./][^\s:]*$/, "jwe"],
];

/** A recipient without a scheme, or with one that is not known. */
export const recipientsWithoutScheme: Habit = async (line) => {
  const answers = new Map<Word, Meant>();
  for (const word of line.words) {
    if (word.kind !== "option" || word.flag?.name !== "recipient" || word.value === undefined) continue;
    const meant = await recipientMeant(word.value);
    // With one that is none at all, the command would fail again.
    if (meant === "unknown") return undefined;
    if (meant !== "right") answers.set(word, meant);
  }
  const args = mapWords(line, (word) => {
    const answer = answers.get(word);
    return answer && word.kind === "option" ? [word.spelled, answer.text] : undefined;
  });
  const before = [...answers.values()].flatMap((answer) => answer.before ?? []);
  return args && { args, before };
};

/** `recipients remove` takes the names of recipients, and the name of one of `jwe` is the fingerprint of its key. */
export const removedRecipients: Habit = async (line) => {
  if (line.row.name !== "recipients remove") return undefined;
  const names = new Map<Word, string>();
  for (const word of line.words) {
    const [, file = ""] =
      word.kind === "option" && word.flag === undefined ? (/^jwe:(.+)$/.exec(word.value ?? "") ?? []) : [];
    const fingerprint = (await isFile(file)) ? await fingerprintOf(file) : undefined;
    if (fingerprint !== undefined) names.set(word, `jwe:${fingerprint}`);
  }
  const args = mapWords(line, (word) => {
    const name = names.get(word);
    return name === undefined ? undefined : ["--match", name];
  });
  return args && { args };
};

async function fingerprintOf(path: string): Promise<string | undefined> {
  const { describeKeyFile } = await import("../../doors/crypt.js");
  const { readSecretFile } = await import("../options/keys/secret-file.js");
  const described = await describeKeyFile({ value: await readSecretFile(path), origin: path }).catch(() => []);
  return described[0]?.fingerprint;
}

/** Several recipients in one option, as other tools take lists. */
export const joinedRecipients: Habit = (line, { code }) => {
  if (code !== "NOT_FOUND" && code !== "USAGE") return undefined;
  const args = mapWords(line, (word) => {
    if (word.kind !== "option" || word.flag?.name !== "recipient") return undefined;
    const parts = word.value?.split(",") ?? [];
    const isList = parts.length > 1 && parts.every((part) => schemes.has(/^([\w-]+):./.exec(part)?.[1] ?? ""));
    return isList ? parts.flatMap((part) => [word.spelled, part]) : undefined;
  });
  return args && { args };
};

interface Meant {
  readonly text: string;
  /** A command that makes the file. */
  readonly before?: string;
}

async function recipientMeant(text: string): Promise<Meant | "right" | "unknown"> {
  const [, scheme, rest = ""] = /^([\w-]+):(?!\/\/)(.*)$/s.exec(text) ?? [];
  // A private key is taken for the public one that lies beside it.
  const isNamed = scheme !== undefined && schemes.has(scheme);
  if (isNamed) return scheme === "jwe" && (await isFile(rest)) ? await fileMeant(rest) : "right";
  if (await isFile(text)) return await fileMeant(text);
  const known = scheme && (similar(scheme, schemes.keys()) ?? similar(scheme.toLowerCase(), schemes.keys()));
  if (known !== undefined) return { text: `${known}:${rest}` };
  if (foreignForm(Buffer.from(text)) !== undefined) return "unknown";
  const found = texts.find(([pattern]) => pattern.test(text));
  return found ? { text: `${found[1]}:${text.replace(/^<(.*)>$/, "$1")}` } : "unknown";
}

async function fileMeant(path: string): Promise<Meant | "right" | "unknown"> {
  const { readSecretFile } = await import("../options/keys/secret-file.js");
  const kind = await kindOfFile(path, await readSecretFile(path));
  if (kind?.kind === "taken") return "right";
  if (kind?.kind !== "private") return kind ? { text: `${kind.scheme}:${path}` } : "unknown";
  const publicFile = path.replace(/(?:\.pem|\.key)?$/, ".pub.pem");
  const text = `jwe:${publicFile}`;
  if ((await isFile(publicFile)) || !/^[\w./-]+$/.test(path)) return { text };
  return { text, before: `openssl pkey -in ${path} -pubout -out ${publicFile}` };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
