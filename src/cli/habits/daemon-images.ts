import type { Answer, Habit } from "./habit.js";
import { given, isEncrypting, newFileName } from "./image-words.js";
import { imagesOf, mapWords, type Word } from "./typed-line.js";

/** Other tools' own stores, which are reached through an archive. */
const daemons: readonly Daemon[] = [
  { prefix: "docker-daemon:", program: "docker", save: "docker save -o", saved: given.dockerArchive },
  {
    prefix: "containers-storage:",
    program: "podman",
    save: "podman save --format oci-archive -o",
    saved: given.archive,
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
  const file = to && newFileName(to.file, from?.file === to.file ? "-new" : "");
  const written = encrypting ? `${given.archive}${file}` : `${given.dockerArchive}${file}:${to?.name}`;
  const args = mapWords(line, (word) => {
    if (from !== undefined && word === source) return [`${from.daemon.saved}${from.file}`];
    return to !== undefined && word === target ? [written] : undefined;
  });
  const inPlace = from !== undefined && target === undefined && encrypting;
  return {
    args: [...(args ?? []), ...(inPlace ? [`${given.archive}${newFileName(from.file, "-enc")}`] : [])],
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
  return { daemon, name, file: newFileName(`${base}.tar`, "") };
}
