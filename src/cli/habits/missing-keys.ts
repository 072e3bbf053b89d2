import { stat } from "node:fs/promises";
import { schemes } from "../../crypt/schemes/index.js";
import type { Habit } from "./habit.js";
import { isArchiveName } from "./image-words.js";
import { argsOf, hasOption, type TypedLine, type Word } from "./typed-line.js";

/** What `key generate` calls its files where it is not told otherwise. */
const publicKey = "oci-enc.pub.pem";
const privateKey = "oci-enc.pem";

/** A key among the arguments, where `-r` or `-k` is to stand before it. */
export const keysAmongImages: Habit = async (line, { code, context }) => {
  if (context["missing"] === undefined && !(code === "USAGE" && hasTooMany(line))) return undefined;
  const keys: string[] = [];
  const others: Word[] = [];
  for (const word of line.words) {
    const isMeant = word.kind === "argument" && (await isKey(word.text));
    const option = isMeant ? optionOf(line, word.text) : undefined;
    if (isMeant && option !== undefined) keys.push(option, word.text);
    else others.push(word);
  }
  return keys.length === 0 ? undefined : { args: [...keys, ...argsOf(others)] };
};

function hasTooMany({ command, words }: TypedLine): boolean {
  if (command.passesOn === true || command.arguments.some(({ repeats }) => repeats)) return false;
  return words.filter(({ kind }) => kind === "argument").length > command.arguments.length;
}

/** With a scheme, or called as a public key is, it is a recipient's. */
function optionOf({ row, command }: TypedLine, key: string): "-r" | "-k" | undefined {
  const takes = (option: string) => command.flags.some(({ short }) => short === option);
  if (takes("r") && (row.name === "encrypt" || !takes("k") || /^[a-z0-9]+:|\.(?:pub(?:\.pem)?|crt|cer)$/.test(key)))
    return "-r";
  return takes("k") ? "-k" : undefined;
}

async function isKey(text: string): Promise<boolean> {
  const [, scheme = ""] = /^([\w-]+):./.exec(text) ?? [];
  if (schemes.has(scheme)) return true;
  if (isArchiveName(text) || !/\.(?:pem|pub|key|crt|cer|der|jwk|json|asc|gpg)$/.test(text)) return false;
  return (await stat(text).catch(() => undefined))?.isFile() ?? false;
}

/** Nobody was named to encrypt for. */
export const missingRecipient: Habit = async (line, { context }) => {
  if (context["missing"] !== "recipient" || hasOption(line, "recipient")) return undefined;
  const isThere = await stat(publicKey).catch(() => undefined);
  return {
    args: ["-r", `jwe:${publicKey}`, ...argsOf(line.words)],
    before: isThere ? [] : ["oci-enc key generate"],
    note: "say for whom, with -r jwe:FILE, where FILE is a public key as oci-enc key generate makes one",
  };
};

/** No key was given to decrypt with. */
export const missingKey: Habit = (line, { context, hint = "" }) => {
  if (context["missing"] !== "key" || hasOption(line, "key")) return undefined;
  return { args: ["-k", privateKey, ...argsOf(line.words)], note: `${hint}; with a key of oci-enc key generate` };
};
