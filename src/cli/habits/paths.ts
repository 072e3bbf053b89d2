import { stat } from "node:fs/promises";
import { transportRows } from "../../transport/rows.js";
import type { Answer, Habit } from "./habit.js";
import {
  given,
  isAbout,
  isArchiveName,
  isBareImage,
  isEncrypting,
  looksLikePath,
  newFileName,
  prefixes,
} from "./image-words.js";
import { type ArgumentWord, imagesOf, mapWords, type Word } from "./typed-line.js";

/** A file or directory where its transport is to be named; so is that of a new one that is to be written. */
export const paths: Habit = async (line, failure) => {
  const images = imagesOf(line);
  if (!images.some(({ text }) => isAbout(failure, text))) return undefined;
  const [source, target] = images;
  const found = await foundOnDisk(images);
  if (isBareImage(source) && !found.has(source) && looksLikePath(source.text)) return await nothingThere(source.text);
  const from = source && (found.get(source) ?? prefixes.find((prefix) => source.text.startsWith(prefix)));
  if (isBareImage(target) && !found.has(target) && looksLikePath(target.text)) {
    found.set(target, prefixForNew(target.text, from));
  }
  const args = mapWords(line, (word) => {
    const prefix = found.get(word);
    return prefix === undefined || word.kind !== "argument" ? undefined : [`${prefix}${word.text}`];
  });
  if (args === undefined) return undefined;
  // Such an archive holds nothing encrypted, so that another one has to be written.
  const needsTarget = from === given.dockerArchive && !target && isEncrypting(line);
  return { args: needsTarget ? [...args, `${given.archive}${newFileName(source?.text ?? "", "-enc")}`] : args };
};

async function nothingThere(path: string): Promise<Answer> {
  const isThere = await stat(path).catch(() => undefined);
  const name = JSON.stringify(path.slice(0, 300));
  const forms = transportRows.flatMap(({ marks, form }) => (marks ? [form] : [])).join(", ");
  return {
    note: isThere ? `${name} is not an image; files that are one are written ${forms}` : `${name} is not there`,
  };
}

async function foundOnDisk(images: readonly ArgumentWord[]): Promise<Map<Word, string>> {
  const { prefixOfPath } = await import("../../doors/internal.js");
  const found = new Map<Word, string>();
  for (const word of images) {
    const prefix = isBareImage(word) ? await prefixOfPath(word.text) : undefined;
    if (prefix !== undefined) found.set(word, prefix);
  }
  return found;
}

function prefixForNew(path: string, from: string | undefined): string {
  if (isArchiveName(path)) return given.archive;
  const source = transportRows.find((row) => from !== undefined && row.prefixes.includes(from));
  return source?.marks?.kind === "directory" && from !== undefined ? from : given.layout;
}
