import type { OciEncError } from "../../errors.js";
import { transportRows } from "../../transport/rows.js";
import { anotherName, inPlaceEndings } from "../options/in-place.js";
import type { Answer, Habit } from "./habit.js";
import { similar } from "./similar.js";
import { type ArgumentWord, hasOption, imagesOf, mapWords, type TypedLine, type Word } from "./typed-line.js";

const prefixes: readonly string[] = transportRows.flatMap((row) => row.prefixes);

/** How other tools write the address of a registry, as if it were a web page, or as helm does. */
export const webAddresses: Habit = (line) => {
  const args = mapWords(line, (word) => {
    const [, rest] = isNamed(word) ? (/^(?:https?|oci|registry):\/\/([^/].*)$/.exec(word.text) ?? []) : [];
    return rest === undefined ? undefined : [`docker://${rest}`];
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

/** A file or directory where its transport is to be named; so is that of a new one that is to be written. */
export const paths: Habit = async (line, failure) => {
  const images = imagesOf(line);
  const [source, target] = images;
  if (!images.some(({ text }) => isAbout(failure, text))) return undefined;
  const { prefixOfPath } = await import("../../doors/internal.js");
  const found = new Map<Word, string>();
  for (const word of images) {
    const prefix = isBareImage(word) ? await prefixOfPath(word.text) : undefined;
    if (prefix !== undefined) found.set(word, prefix);
  }
  const from = source && (found.get(source) ?? prefixes.find((prefix) => source.text.startsWith(prefix)));
  if (target && !found.has(target) && isBareImage(target) && looksLikePath(target.text)) {
    found.set(target, prefixForNew(target.text, from));
  }
  const args = mapWords(line, (word) => {
    const prefix = found.get(word);
    return prefix === undefined || word.kind !== "argument" ? undefined : [`${prefix}${word.text}`];
  });
  if (args === undefined) return undefined;
  const needsTarget = from === "docker-archive:" && !target && isEncrypting(line);
  return { args: needsTarget ? [...args, `oci-archive:${withEnding(source?.text ?? "", "-enc")}`] : args };
};

/** The name of an image in a registry, which without `docker://` is a name in the store. */
export const registryNames: Habit = (line, failure) => {
  const images = imagesOf(line);
  const absent = images.find(({ text }) => text === failure.context["reference"]);
  if (absent === undefined) return undefined;
  const named = mapWords(line, (word) =>
    isBareImage(word) && (word === absent || hasHost(word.text)) ? [`docker://${word.text}`] : undefined,
  );
  const ending = images.length === 1 ? inPlaceEndings.get(line.row.name) : undefined;
  const target = ending === undefined ? [] : [anotherName(absent.text, ending)].map(withPrefixOfHost);
  return {
    args: [...(named ?? []), ...target],
    note: `the store does not have it; oci-enc pull ${absent.text} brings it there, and in its registry it is`,
  };
};

/** Where `ls` is to list the tags of a repository, as with crane. */
export const tagsOfRepository: Habit = (line, failure) => {
  const images = imagesOf(line);
  const name = images[0]?.text.replace(/^docker:\/\//, "") ?? "";
  if (line.row.name !== "ls" || failure.code !== "NOT_FOUND" || line.words.length !== 1) return undefined;
  return hasHost(name) && !/[@:][^/]*$/.test(name.slice(name.indexOf("/")))
    ? { command: "list-tags", args: [`docker://${name}`] }
    : undefined;
};

/** `delete` works on registries alone. */
export const deletedNames: Habit = (line) => {
  if (line.row.name !== "delete") return undefined;
  const args = mapWords(line, (word) =>
    word.kind === "argument" && hasHost(word.text) && !word.text.includes("://")
      ? [`docker://${word.text}`]
      : undefined,
  );
  return args && { args };
};

/** Other tools' own stores, which are reached through an archive. */
const daemons: readonly Daemon[] = [
  { prefix: "docker-daemon:", program: "docker", save: "docker save -o", saved: "docker-archive:" },
  {
    prefix: "containers-storage:",
    program: "podman",
    save: "podman save --format oci-archive -o",
    saved: "oci-archive:",
  },
];

interface Daemon {
  readonly prefix: string;
  readonly program: string;
  readonly save: string;
  /** How what is saved is read. */
  readonly saved: string;
}

/** Images of Docker's daemon and of Podman's storage: saved before, or loaded afterwards. */
export const daemonImages: Habit = (line): Answer | undefined => {
  const [source, target] = imagesOf(line);
  const [from, to] = [daemonImage(source), daemonImage(target)];
  if (from === undefined && to === undefined) return undefined;
  const encrypting = isEncrypting(line);
  const file = to && (from?.file === to.file ? withEnding(to.file, "-new") : to.file);
  const written = encrypting ? `oci-archive:${file}` : `docker-archive:${file}:${to?.name}`;
  const args = mapWords(line, (word) => {
    if (from !== undefined && word === source) return [`${from.daemon.saved}${from.file}`];
    return to !== undefined && word === target ? [written] : undefined;
  });
  const inPlace = from !== undefined && target === undefined && encrypting;
  return {
    args: [...(args ?? []), ...(inPlace ? [`oci-archive:${withEnding(from.file, "-enc")}`] : [])],
    before: from ? [`${from.daemon.save} ${from.file} ${from.name}`] : [],
    after: to && !encrypting ? [`${to.daemon.program} load -i ${file}`] : [],
    note: `${(from ?? to)?.daemon.prefix} is not read or written here, but an archive is`,
  };
};

function daemonImage(
  word: Word | undefined,
): { readonly daemon: Daemon; readonly name: string; readonly file: string } | undefined {
  if (word?.kind !== "argument") return undefined;
  const daemon = daemons.find(({ prefix }) => word.text.startsWith(prefix));
  // A storage may be named before the image, in brackets.
  const name = daemon && word.text.slice(daemon.prefix.length).replace(/^\[[^\]]*\]|^\/\//, "");
  if (daemon === undefined || name === undefined || !/^[\w./:@-]+$/.test(name)) return undefined;
  const [, base = "image"] = /([\w.-]+)(?::[^/]*)?(?:@.*)?$/.exec(name) ?? [];
  return { daemon, name, file: `${base}.tar` };
}

function isEncrypting(line: TypedLine): boolean {
  return line.row.name === "encrypt" || hasOption(line, "recipient") || hasOption(line, "recipients-file");
}

/** Whether a failure is about this reference: the store does not have it, or it is no name of an image. */
function isAbout({ code, context }: OciEncError, reference: string): boolean {
  if (context["reference"] === reference) return true;
  return code === "USAGE" && (looksLikePath(reference) || reference.includes("://"));
}

function isNamed(word: Word): word is ArgumentWord {
  return word.kind === "argument" && word.names !== undefined;
}

/** Without a prefix it is a name in the store. */
function isBareImage(word: Word): word is ArgumentWord {
  return isNamed(word) && word.names === "image" && !prefixes.some((prefix) => word.text.startsWith(prefix));
}

/** As Docker tells a host from the first part of a repository. */
function hasHost(name: string): boolean {
  const [first = "", rest] = name.split(/\/(.*)/s);
  return rest !== undefined && !name.startsWith(".") && (/[.:]/.test(first) || first === "localhost");
}

function withPrefixOfHost(name: string): string {
  return hasHost(name) ? `docker://${name}` : name;
}

function looksLikePath(text: string): boolean {
  return /^(?:\.{0,2}\/|~)/.test(text) || archiveName.test(text);
}

const archiveName = /\.(?:tar|tgz|tar\.\w+)$/;

function prefixForNew(path: string, from: string | undefined): string {
  if (archiveName.test(path)) return "oci-archive:";
  return from === "dir:" ? from : "oci:";
}

/** `app.tar` with `-enc`: `app-enc.tar`. */
function withEnding(file: string, ending: string): string {
  return file.replace(/(\.\w+)?$/, `${ending}$1`);
}
