import { existsSync } from "node:fs";
import type { OciEncError } from "../../errors.js";
import { registryPrefix, transportRows } from "../../transport/rows.js";
import { type ArgumentWord, hasOption, type TypedLine, type Word } from "./typed-line.js";

/** How references begin. */
export const prefixes: readonly string[] = transportRows.flatMap((row) => row.prefixes);

/** Those that an answer gives: of images in a registry, in a directory, in an archive, and in one of Docker's own form. */
export const given: Readonly<Record<"registry" | "layout" | "archive" | "dockerArchive", string>> = {
  registry: registryPrefix,
  layout: prefixOf(({ marks, encrypted }) => marks?.kind === "directory" && encrypted),
  archive: prefixOf(({ marks, encrypted }) => marks?.kind === "archive" && encrypted),
  dockerArchive: prefixOf(({ marks, encrypted }) => marks?.kind === "archive" && !encrypted),
};

function prefixOf(fits: (row: (typeof transportRows)[number]) => boolean): string {
  return transportRows.find(fits)?.prefixes[0] ?? "";
}

/** Whether what the command writes is encrypted. */
export function isEncrypting(line: TypedLine): boolean {
  return line.row.name === "encrypt" || hasOption(line, "recipient") || hasOption(line, "recipients-file");
}

/** Whether a failure is about this reference: the store does not have it, or it is not a name of an image. */
export function isAbout({ code, context }: OciEncError, reference: string): boolean {
  if (context["reference"] === reference) return true;
  return code === "USAGE" && (looksLikePath(reference) || reference.includes("://"));
}

/** Whether a word names an image, a repository or a registry. */
export function isNamed(word: Word): word is ArgumentWord {
  return word.kind === "argument" && word.names !== undefined;
}

/** Whether a word names an image without a prefix: then it is a name in the store. */
export function isBareImage(word: Word | undefined): word is ArgumentWord {
  if (word === undefined || !isNamed(word) || word.names !== "image") return false;
  return !prefixes.some((prefix) => word.text.startsWith(prefix));
}

/** Whether a name begins with a host, as Docker tells one from the first part of a repository. */
export function hasHost(name: string): boolean {
  const [first = "", rest] = name.split(/\/(.*)/s);
  return rest !== undefined && !name.startsWith(".") && (/[.:]/.test(first) || first === "localhost");
}

/** Whether a text is more likely a path than the name of an image. */
export function looksLikePath(text: string): boolean {
  return /^(?:\.{0,2}\/|~)/.test(text) || isArchiveName(text);
}

/** Whether a text is what tar archives are called. */
export function isArchiveName(text: string): boolean {
  return /\.(?:tar|tgz|tar\.\w+)$/.test(text);
}

/** A name for a new file: `app.tar` with `-enc` is `app-enc.tar`, or `app-enc-2.tar` where that is there already. */
export function newFileName(file: string, ending: string): string {
  const names = Array.from({ length: 100 }, (_, index) => `${ending}${index === 0 ? "" : `-${index + 1}`}`);
  const free = names.map((name) => file.replace(/(\.\w+)?$/, `${name}$1`)).find((name) => !existsSync(name));
  return free ?? `${file}${ending}`;
}
