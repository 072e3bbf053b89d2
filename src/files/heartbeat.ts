import { createHash, randomBytes } from "node:crypto";
import { lstat, lutimes, readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { ioError, systemCode } from "../errors.js";

/** Who made something that others may find after its death: a lock, a session, a draft, a temporary tree. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the kernel's own count; undefined where there is no /proc. */
  readonly start: string | undefined;
  /** One run of one kernel; undefined where there is no /proc. */
  readonly boot: string | undefined;
  /** The process ids that `pid` is one of; undefined where there is no /proc. */
  readonly namespace: string | undefined;
  readonly nonce: string;
}

/** Milliseconds between two heartbeats. */
const beatInterval = 5_000;
const tokenLimit = 4096;

/** Milliseconds without a heartbeat after which a maker that cannot be seen from here counts as dead. */
export const silenceLimit: number = 10 * 60_000;

/** This process, with a nonce that no other token has. */
export async function thisOwner(): Promise<Owner> {
  self ??= {
    pid: process.pid,
    host: hostname(),
    start: (await processStat(process.pid))?.start,
    boot: (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(undefinedIfHidden))?.trim(),
    namespace: await processNamespace(),
  };
  return { ...self, nonce: randomBytes(16).toString("hex") };
}

/** What stays the same as long as this process lives. */
let self: Omit<Owner, "nonce"> | undefined;

/** A token's text; `?` when it is not a small file. Throws the system's error when it is not there. */
export async function readToken(path: string): Promise<string> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return longToken(await readlink(path));
  // In an untrusted layout it may be a file that never ends.
  return stats.isFile() && stats.size <= tokenLimit ? await readFile(path, "utf8") : "?";
}

/**
 * The same in so few bytes that file systems keep it with the name of a symbolic link, for which a full disk has room. Who reads
 * it knows a maker of the same machine and namespace, and of others that they are others.
 */
export function shortToken(owner: Owner): string {
  return `oci-enc:${owner.pid}:${owner.start ?? ""}:${machineOf(owner)}:${owner.nonce.slice(0, 8)}`;
}

async function longToken(target: string): Promise<string> {
  const [, pid, start, machine, nonce] = /^oci-enc:([1-9]\d*):(\d*):([0-9a-f]{16}):([0-9a-f]{8})$/.exec(target) ?? [];
  if (pid === undefined || machine === undefined) return "?";
  const here = await thisOwner();
  const place = machineOf(here) === machine ? here : { host: `machine ${machine}` };
  return JSON.stringify({ ...place, pid: Number(pid), start: start || undefined, nonce });
}

/** Tells machines, their runs and their process namespaces apart, in 16 digits. */
export function machineOf({ host, boot, namespace }: Owner): string {
  return createHash("sha256")
    .update(JSON.stringify([host, boot, namespace]))
    .digest("hex")
    .slice(0, 16);
}

/** Reads a token. Undefined when it is not one: of its holder then only the heartbeat is known. */
export function parseOwner(text: string): Owner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const word = (key: string): string | undefined => {
    const member: unknown = Reflect.get(value, key);
    return typeof member === "string" ? member.slice(0, 200) : undefined;
  };
  const pid: unknown = Reflect.get(value, "pid");
  const [host, nonce] = [word("host"), word("nonce")];
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1 || !host || !nonce) return undefined;
  return { pid, host, nonce, start: word("start"), boot: word("boot"), namespace: word("namespace") };
}

/**
 * Whether the process lives. Undefined: `self` cannot see it (another machine, another container, no /proc), and nothing is
 * known of it: only with proof does it count as dead.
 */
export async function isAlive(owner: Owner, self: Owner): Promise<boolean | undefined> {
  if (!self.boot && (owner.host !== self.host || process.platform === "linux")) return undefined;
  if (owner.boot !== self.boot || owner.namespace !== self.namespace) return undefined;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (systemCode(error) === "ESRCH") return false;
  }
  const now = await processStat(owner.pid);
  if (!now || owner.start === undefined) return undefined;
  return now.start === owner.start && !now.ended;
}

/** How long a maker is watched whose last heartbeat seems to be long ago, in milliseconds; tests wait less. */
export const watching: { time: number } = { time: 2 * beatInterval + 1000 };

/**
 * Which of `paths` are not touched while they are watched. Their times alone prove nothing: a maker's clock may be wrong by
 * hours, or that of the system may just have been put right.
 */
export async function unchangedWhileWatched(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const before = new Map<string, string>();
  for (const path of paths) before.set(path, await timesOf(path));
  const end = performance.now() + watching.time;
  while (before.size > 0 && performance.now() < end) {
    await sleep(Math.min(250, watching.time));
    for (const [path, times] of before) if ((await timesOf(path)) !== times) before.delete(path);
  }
  return new Set(before.keys());
}

/** Those of the file system, too, which no clock of a maker's can stop. */
async function timesOf(path: string): Promise<string> {
  return await lstat(path).then(
    ({ mtimeMs, ctimeMs }) => `${mtimeMs} ${ctimeMs}`,
    (error: unknown) => systemCode(error) ?? "?",
  );
}

/**
 * Touches `paths` from time to time, for those who cannot see this process. Call what it gives back to end it. They are
 * touched by the clock that the first of them, which has just been made, got its time from: that of a server may differ.
 */
export function startHeartbeat(...paths: readonly string[]): () => void {
  const ahead = paths[0] === undefined ? Promise.resolve(0) : clockAhead(paths[0]);
  // A missed touch is not a failure: the next one follows.
  const timer = setInterval(async () => {
    const now = new Date(Date.now() + (await ahead));
    for (const path of paths) await lutimes(path, now, now).catch(() => undefined);
  }, beatInterval);
  timer.unref();
  return () => clearInterval(timer);
}

/** Milliseconds by which the clock of a file system is ahead of ours, from a file that was made just now; 0 when unknown. */
async function clockAhead(path: string): Promise<number> {
  return await lstat(path).then(
    (stats) => stats.mtimeMs - Date.now(),
    () => 0,
  );
}

/** With that of a clock of its own, where start times count from another moment. The first one has this number. */
async function processNamespace(): Promise<string | undefined> {
  const [ids, clock] = [
    await readlink("/proc/self/ns/pid").catch(undefinedIfHidden),
    await readlink("/proc/self/ns/time").catch(undefinedIfHidden),
  ];
  return ids === undefined || clock === undefined || clock === "time:[4026531834]" ? ids : `${ids} ${clock}`;
}

/** proc(5): the command's name may hold anything, so the fields are counted from its closing parenthesis. */
async function processStat(pid: number): Promise<{ start: string; ended: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(undefinedIfHidden);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, threads, start] = [fields?.[0], fields?.[17], fields?.[19]];
  // Killed, its first thread can be gone while another is still inside a write: that one has to end, too.
  const ended = (state === "Z" || state === "X") && Number(threads) <= 1;
  return state && start ? { start, ended } : undefined;
}

/** Undefined for what is not there or hidden. When there are no more file descriptors, that is a failure. */
function undefinedIfHidden(error: unknown): undefined {
  const code = systemCode(error);
  if (code === "EMFILE" || code === "ENFILE") throw ioError(error, "cannot look into /proc");
}
