import { randomBytes } from "node:crypto";
import { type FileHandle, type lstat, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { memoized } from "../bytes/memoized.js";
import { isAlive, machineOf, silenceLimit, thisOwner } from "./heartbeat.js";

/** What the name of every unfinished file starts with, and that of a directory which becomes something else at its end. */
export const draftPrefix: string = ".oci-enc-";

/** What the name of a temporary directory starts with, before its purpose. */
const treePrefix = "oci-enc-";

/** The end of the name of a file that lists names beside it. What is said in it goes first; see `dir/removal-record.ts`. */
export const recordSuffix: string = ".names";

/** A name in which its maker can be read. */
export interface MadeName {
  /** A draft becomes a file or directory of another name; a tree is used where it is. */
  readonly kind: "draft" | "record" | "tree";
  /** Undefined: earlier versions did not say who. */
  readonly maker: { readonly pid: number; readonly start: string; readonly machine: string } | undefined;
  /** Whether the maker touches it from time to time. Earlier versions did not. */
  readonly beats: boolean;
}

/** Names after this process, so that others can tell whether it still lives. */
export async function draftName(): Promise<string> {
  return `${draftPrefix}beats-${await mark()}${random()}`;
}

/** The same for a temporary directory; `purpose` is lower-case letters. */
export async function treeName(purpose: string): Promise<string> {
  return `${treePrefix}${purpose}-${await mark()}${random()}`;
}

/** Reads a name, of this version or of an earlier one. Undefined: it is not one of ours. */
export function parseMadeName(name: string): MadeName | undefined {
  const marked =
    /^(?:(\.oci-enc-)(beats-)?|oci-enc-[a-z]+-)([1-9]\d{0,9})-(\d*)-([0-9a-f]{16})-[0-9a-f]{24}(\.names)?$/;
  const [, hidden, beats, pid, start = "", machine, names] = marked.exec(name) ?? [];
  if (pid !== undefined && machine !== undefined) {
    const kind = names ? "record" : hidden ? "draft" : "tree";
    return { kind, maker: { pid: Number(pid), start, machine }, beats: beats !== undefined || !hidden };
  }
  if (/^\.oci-enc-[0-9a-f]{24}$/.test(name)) return { kind: "draft", maker: undefined, beats: false };
  if (/^oci-enc-(?:run-)?[A-Za-z0-9]{6}$/.test(name)) return { kind: "tree", maker: undefined, beats: false };
  return undefined;
}

/** Whether what lies there was left by a maker that has ended; `silent`: it seems so, and has to be watched. */
export type Verdict = "abandoned" | "silent" | "in use";

/** Tells whether what lies in a directory was left by a maker that has ended. */
export interface MakerCheck {
  /** `touched` is when it was last touched, in milliseconds. */
  check(name: MadeName, touched: number): Promise<Verdict>;
}

/** Whether the maker lives. Undefined: it cannot be seen from here, or the name does not say. */
export async function isMakerAlive({ maker }: MadeName): Promise<boolean | undefined> {
  const self = await thisOwner();
  if (maker?.machine !== machineOf(self)) return undefined;
  return await isAlive({ ...self, pid: maker.pid, start: maker.start || undefined }, self);
}

/**
 * A check of the makers in one directory. Those of this machine and pid namespace are known by process id and start time;
 * others by how long they had no heartbeat, which has to be watched. Times are those of the directory's own file system,
 * which is asked once by making a file; without a directory, of our clock.
 */
export async function checkMakersIn(directory: string | undefined): Promise<MakerCheck> {
  const clock = memoized(async () => (directory === undefined ? Date.now() : await fileSystemTime(directory)));
  return {
    async check(name, touched) {
      const alive = await isMakerAlive(name);
      if (alive !== undefined) return alive ? "in use" : "abandoned";
      const age = (await clock()) - touched;
      // A time that lies days ahead cannot be right.
      if (age < (name.beats ? silenceLimit : certainLimit) && age >= -certainLimit) return "in use";
      return name.beats ? "silent" : "abandoned";
    },
  };
}

/** What time it is for the file system of a directory, in milliseconds; by our own clock where no file can be made. */
export async function fileSystemTime(directory: string): Promise<number> {
  let handle: FileHandle | undefined;
  try {
    const path = join(directory, await draftName());
    handle = await open(path, "wx", 0o600);
    await rm(path, { force: true });
    return (await handle.stat()).mtimeMs;
  } catch {
    return Date.now();
  } finally {
    await handle?.close();
  }
}

/** Whether it is this user's own, by what `lstat` says of it; where there are no users it is. */
export function isOurs({ uid }: Awaited<ReturnType<typeof lstat>>): boolean {
  return process.geteuid === undefined || Number(uid) === process.geteuid();
}

/** What was not touched for so many milliseconds has no living maker. */
export const certainLimit: number = 3 * 24 * 60 * 60_000;

async function mark(): Promise<string> {
  const self = await thisOwner();
  return `${self.pid}-${self.start ?? ""}-${machineOf(self)}-`;
}

function random(): string {
  return randomBytes(12).toString("hex");
}
