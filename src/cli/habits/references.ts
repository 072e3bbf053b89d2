import { registryName } from "../../transport/references.js";
import { anotherName, inPlaceEndings } from "../options/in-place.js";
import type { Habit } from "./habit.js";
import { given, hasHost, isAbout, isBareImage, isNamed, looksLikePath, prefixes } from "./image-words.js";
import { similar } from "./similar.js";
import { argsOf, imagesOf, mapWords } from "./typed-line.js";

/** How other tools write the address of a registry, as if it were a web page, or as helm does. */
export const webAddresses: Habit = (line) => {
  const args = mapWords(line, (word) => {
    const [, rest] = isNamed(word) ? (/^(?:https?|oci|registry):\/\/([^/].*)$/.exec(word.text) ?? []) : [];
    return rest === undefined ? undefined : [`${given.registry}${rest}`];
  });
  return args && { args };
};

/** A transport with a slip in it: `docker:/`, `oci-archve:app.tar`. */
export const mistypedTransports: Habit = (line, failure) => {
  const names = new Map(prefixes.map((prefix) => [prefix.replace(/:.*$/, ""), prefix]));
  const args = mapWords(line, (word) => {
    if (!isBareImage(word) || !isAbout(failure, word.text)) return undefined;
    const [, name = "", rest = ""] = /^([a-z-]+):(?!\d+\/)\/{0,2}(.*[./].*)$/.exec(word.text) ?? [];
    const meant = rest === "" ? undefined : (names.get(name) ?? names.get(similar(name, names.keys()) ?? ""));
    return meant === undefined ? undefined : [`${meant}${rest}`];
  });
  return args && { args };
};

/** The name of an image in a registry, which without `docker://` is a name in the store. */
export const registryNames: Habit = (line, failure) => {
  const images = imagesOf(line);
  const absent = images.find(({ text }) => text === failure.context["reference"]);
  if (absent === undefined || looksLikePath(absent.text)) return undefined;
  const named = mapWords(line, (word) =>
    isBareImage(word) && (word === absent || hasHost(word.text)) ? [`${given.registry}${word.text}`] : undefined,
  );
  const ending = images.length === 1 ? inPlaceEndings.get(line.row.name) : undefined;
  const target = ending === undefined ? [] : [anotherName(absent.text, ending)].map(withPrefixOfHost);
  return {
    args: [...(named ?? []), ...target],
    note: `oci-enc images lists what the store has, oci-enc pull NAME brings an image there; in its registry it is`,
  };
};

/** Where `ls` is to list the tags of a repository, as with crane. */
export const tagsOfRepository: Habit = (line, failure) => {
  const images = imagesOf(line);
  const name = registryName(images[0]?.text ?? "");
  if (line.row.name !== "ls" || failure.code !== "NOT_FOUND" || line.words.length !== 1) return undefined;
  return hasHost(name) && !/[@:][^/]*$/.test(name.slice(name.indexOf("/")))
    ? { command: "list-tags", args: [`${given.registry}${name}`] }
    : undefined;
};

/** `-`, which without its transport is no name of an image. */
export const standardStreams: Habit = (line) => {
  const args = mapWords(line, (word) => (isBareImage(word) && word.text === "-" ? [`${given.archive}-`] : undefined));
  return args && { args };
};

/** `delete` works on registries alone, and `rm` on the store. */
export const deletedNames: Habit = (line) => {
  const inRegistry = line.words.filter((word) => word.kind === "argument" && word.text.startsWith(given.registry));
  if (line.row.name === "rm" && inRegistry.length > 0) return { command: "delete", args: argsOf(line.words) };
  if (line.row.name !== "delete") return undefined;
  const args = mapWords(line, (word) =>
    word.kind === "argument" && hasHost(word.text) && !word.text.includes("://")
      ? [`${given.registry}${word.text}`]
      : undefined,
  );
  return args && { args };
};

function withPrefixOfHost(name: string): string {
  return hasHost(name) ? `${given.registry}${name}` : name;
}
