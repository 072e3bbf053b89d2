import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeResult } from "../output/console/streams.js";
import { type WordKind, type WordKindName, type WordPrefix, wordKinds } from "./word-kinds.js";

/**
 * Prints what a word can become, one a line, for the completion of a shell: `oci-enc __complete KIND WORD`. Nothing where
 * nothing is known, or what there is cannot be read: nobody has asked for an error.
 */
export async function printCandidates([kind = "", word = ""]: readonly string[]): Promise<void> {
  const found = isKind(kind) ? await candidates(wordKinds[kind], word) : [];
  await writeResult(found.map((candidate) => `${candidate}\n`).join(""));
}

/** Whole words that begin as `word` does. What a line cannot hold is left out. A directory and what needs more ends with `/` or `:`. */
async function candidates(kind: WordKind, word: string): Promise<readonly string[]> {
  const begun = kind.prefixes.find(({ prefix }) => word.startsWith(prefix));
  const found = begun ? await following(begun, word) : await beginnings(kind, word);
  return found.filter((candidate) => candidate.startsWith(word) && !/\p{Cc}/u.test(candidate));
}

async function beginnings({ prefixes, stored, files }: WordKind, word: string): Promise<readonly string[]> {
  return [
    ...prefixes.map(({ prefix }) => prefix),
    ...(stored ? (await imageNames(undefined)).flatMap(spellings) : []),
    ...(files ? await filesAt(word) : []),
  ];
}

async function following({ prefix, next }: WordPrefix, word: string): Promise<readonly string[]> {
  const rest = word.slice(prefix.length);
  const colon = rest.indexOf(":");
  if (next === "text") return [];
  if (next === "layout" && colon >= 0) {
    const path = rest.slice(0, colon);
    return (await imageNames(path)).map((name) => `${prefix}${path}:${name}`);
  }
  if (next === "archive" && colon >= 0) {
    const path = rest.slice(0, colon);
    return (await archiveNames(path)).map((name) => `${prefix}${path}:${name}`);
  }
  const paths = await filesAt(rest);
  if (next === "path" || next === "archive") return paths.map((path) => `${prefix}${path}`);
  const directories = paths.filter((path) => path.endsWith("/") && !path.includes(":"));
  return (await Promise.all(directories.map(withoutInside))).map((path) => `${prefix}${path}`);
}

/** A layout is followed by the name of an image, and not by what lies in it. */
async function withoutInside(directory: string): Promise<string> {
  return (await isThere(join(directory, "oci-layout"))) ? directory.replace(/\/$/, ":") : directory;
}

/** The files whose path begins as typed; directories end with a slash. Hidden ones only where their dot is typed. */
async function filesAt(typed: string): Promise<readonly string[]> {
  const directory = typed.slice(0, typed.lastIndexOf("/") + 1);
  const begun = typed.slice(directory.length);
  const entries = await readdir(directory || ".", { withFileTypes: true }).catch(() => []);
  const fitting = entries.filter(({ name }) => name.startsWith(begun) && (begun !== "" || !name.startsWith(".")));
  return await Promise.all(
    fitting.map(async (entry) => {
      const path = `${directory}${entry.name}`;
      const isDirectory = entry.isDirectory() || (entry.isSymbolicLink() && (await isThere(`${path}/`)));
      return isDirectory ? `${path}/` : path;
    }),
  );
}

/** Of a layout, or of the local store. */
async function imageNames(store: string | undefined): Promise<readonly string[]> {
  if (store === "") return [];
  const { listImageNames } = await import("../../doors/internal.js");
  return await listImageNames({ store }).catch(() => []);
}

async function archiveNames(path: string): Promise<readonly string[]> {
  if (path === "") return [];
  const { listArchiveNames } = await import("../../doors/internal.js");
  return await listArchiveNames(path).catch(() => []);
}

/** An image of Docker Hub also as people write it. */
function spellings(name: string): readonly string[] {
  const short = name.replace(/^docker\.io\/(?:library\/)?/, "");
  return short === name ? [name] : [short, name];
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

function isKind(kind: string): kind is WordKindName {
  return Object.hasOwn(wordKinds, kind);
}
