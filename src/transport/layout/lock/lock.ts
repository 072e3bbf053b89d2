import { randomUUID } from "node:crypto";
import { link, lstat, readdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { throwIfAborted } from "../../../bytes/abortable.js";
import { ioError, OciEncError, systemCode } from "../../../errors.js";
import {
  isAlive,
  type Owner,
  parseOwner,
  readToken,
  shortToken,
  silenceLimit,
  startHeartbeat,
  thisOwner,
} from "../../../files/heartbeat.js";
import type { Progress } from "../../../progress.js";
import {
  lockDirectory,
  makeWorkDirectory,
  partialBlobsDirectory,
  removeEmpty,
  sessionsDirectory,
  workDirectoryName,
} from "./work-directory.js";

/*
 * The lock is a row of files named 1, 2, 3 …; the newest one counts. It holds its owner's token, or nothing once it has
 * been released. Whoever finds the newest, n, released or its owner dead may create n + 1.
 *
 * - link(2) creates it exclusively and with its content: no token is ever seen half written, and of several that try, one wins.
 * - The file linked is the taker's ticket in the same directory, made before the listing. So if the directory was taken
 *   away and made anew in between, the link fails, and numbers seen in one directory are never used in another.
 * - A slow taker may create a number that was used and deleted long ago. The last few generations stay, so a newer one
 *   exists then; the taker lists again after the link, sees it and withdraws. Nobody else looks at any but the newest.
 * - A killed owner is known by its process id and start time, so its successor need not wait. An owner that cannot be
 *   seen from here is dead when its file has not been touched for a while: measured by watching, not by the clock.
 * - On a disk that is full a ticket is a symbolic link that leads nowhere: its target is the token, for which no room is needed
 *   but that of the name. So what makes room can lock.
 * - The last one out renames the directory away, which is a release, and deletes it.
 */

/** The lock while it is held. */
export interface HeldLock {
  /** A directory for files about to be renamed into place; goes with the lock. */
  readonly scratch: string;
  /** CONFLICT when another process took the lock because it believed this one dead. Asked right before what cannot be undone. */
  assertHeld(): Promise<void>;
}

/** How long to wait, and what ends the wait. */
export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for which one and the same holder is waited for; default a minute. */
  readonly patience?: number | undefined;
  /**
   * Milliseconds without a heartbeat after which a holder that cannot be seen from here counts as dead; default half a
   * minute, six times the interval of the heartbeat.
   */
  readonly silence?: number | undefined;
  /** Told once who holds the lock, when that takes longer than `notice`. */
  readonly progress?: Progress | undefined;
  /** Milliseconds; default two seconds. */
  readonly notice?: number | undefined;
}

/**
 * Does `work` while no other process or caller does anything under this layout's lock. `layout` must exist. CONFLICT when
 * another holds it too long; ABORTED; LOCAL_IO. Not reentrant.
 */
export async function withLock<T>(
  layout: string,
  work: (lock: HeldLock) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const directory = lockDirectory(layout);
  const generation = await acquire(layout, options).catch((error: unknown) => {
    throw ioError(error, `cannot lock ${JSON.stringify(layout)}`);
  });
  const file = join(directory, String(generation));
  const rest = startHeartbeat(file);
  try {
    await removeOldGenerations(directory, generation);
    return await work({
      scratch: directory,
      async assertHeld() {
        const newest = await newestGeneration(directory).catch((error: unknown) => {
          throw ioError(error, `cannot look at the lock of ${JSON.stringify(layout)}`);
        });
        if (newest === generation) return;
        throw new OciEncError("CONFLICT", `the lock of ${JSON.stringify(layout)} was taken over`, { retryable: true });
      },
    });
  } finally {
    rest();
    await release(layout, generation);
  }
}

/** Generations that stay behind the newest, so that a deleted number is not taken for a new one. */
const keptGenerations = 8;
const defaultSilence = 30_000;
const defaultPatience = 60_000;
const defaultNotice = 2_000;
const longestNap = 100;

/** Who is in the way, as seen at one moment. */
interface Obstacle {
  readonly generation: number;
  /** When its file was last touched, by both times that the file system keeps; for comparing. */
  readonly touched: string;
  /** Milliseconds, as far as it is known. */
  readonly made: number;
  readonly owner: Owner | undefined;
}

/** An obstacle that is being watched, in milliseconds of the monotonic clock. */
interface Watch {
  readonly obstacle: Obstacle;
  readonly since: number;
  readonly untouchedSince: number;
}

/** What one try needs to know. */
interface Attempt {
  readonly self: Owner;
  readonly watch: Watch | undefined;
  readonly silence: number;
}

async function acquire(layout: string, options: LockOptions): Promise<number> {
  const self = await thisOwner();
  const directory = lockDirectory(layout);
  const ticket = join(directory, `ticket-${self.nonce}`);
  const tell = noticeOf(layout, options);
  let watch: Watch | undefined;
  try {
    for (let nap = 4; ; nap = Math.min(nap * 1.5, longestNap)) {
      throwIfAborted(options.signal);
      await makeWorkDirectory(layout, directory);
      await writeTicket(ticket, self);
      const outcome = await tryOnce(directory, ticket, { self, watch, silence: options.silence ?? defaultSilence });
      if (typeof outcome === "number") return outcome;
      if (outcome) {
        watch = keepWatching(watch, outcome);
        tell(outcome);
        if (performance.now() - watch.since > (options.patience ?? defaultPatience)) throw heldBy(layout, outcome);
      }
      await sleep(nap * (0.5 + Math.random()), undefined, { signal: options.signal });
    }
  } finally {
    // Without it the directory merely stays a little longer.
    await rm(ticket, { force: true }).catch(() => undefined);
  }
}

/** Says once who holds the lock, when the wait takes long. */
function noticeOf(layout: string, { progress, notice = defaultNotice }: LockOptions): (obstacle: Obstacle) => void {
  const began = performance.now();
  let told = progress === undefined;
  return (obstacle) => {
    if (told || performance.now() - began < notice) return;
    told = true;
    const since = new Date(obstacle.made).toISOString();
    const message = `waiting for ${JSON.stringify(layout)}, which is locked by ${holderOf(obstacle)} since ${since}`;
    progress?.({ type: "warning", code: "LOCK_HELD", message });
  };
}

/** Once: a ticket that is there may be linked already, and must not change. */
async function writeTicket(path: string, self: Owner): Promise<void> {
  try {
    await writeFile(path, JSON.stringify(self), { flag: "wx" });
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" || code === "ENOENT") return;
    // Elsewhere a hard link to a symbolic link may be one to what that names.
    if ((code !== "ENOSPC" && code !== "EDQUOT") || process.platform !== "linux") throw error;
    // What was made may be empty, which would be taken for a lock that was released.
    await rm(path, { force: true });
    await symlink(shortToken(self), path);
  }
}

function keepWatching(watch: Watch | undefined, obstacle: Obstacle): Watch {
  const now = performance.now();
  const same = watch?.obstacle.generation === obstacle.generation ? watch : undefined;
  const untouched = same?.obstacle.touched === obstacle.touched ? same.untouchedSince : now;
  return { obstacle, since: same?.since ?? now, untouchedSince: untouched };
}

function silentFor(watch: Watch | undefined, { generation, touched }: Obstacle): number {
  if (watch?.obstacle.generation !== generation || watch.obstacle.touched !== touched) return 0;
  return performance.now() - watch.untouchedSince;
}

/** The generation won; or who is in the way; or undefined, when things moved and the next try may tell. */
async function tryOnce(
  directory: string,
  ticket: string,
  { self, watch, silence }: Attempt,
): Promise<number | Obstacle | undefined> {
  try {
    const newest = await newestGeneration(directory);
    const obstacle = newest > 0 ? await lookAt(directory, newest) : undefined;
    if (obstacle) {
      const alive = obstacle.owner && (await isAlive(obstacle.owner, self));
      if (alive || (alive === undefined && silentFor(watch, obstacle) <= silence)) return obstacle;
    }
    const own = newest + 1;
    await link(ticket, join(directory, String(own)));
    if ((await newestGeneration(directory)) === own) return own;
    await rm(join(directory, String(own)), { force: true });
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" || code === "ENOENT") return undefined;
    if (code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS") {
      throw new OciEncError(
        "UNSUPPORTED",
        `cannot lock ${JSON.stringify(directory)}: no hard links can be made there`,
        {
          cause: error,
          hint: "write to a directory of another file system, or to an archive",
        },
      );
    }
    throw error;
  }
}

async function lookAt(directory: string, generation: number): Promise<Obstacle | undefined> {
  const file = join(directory, String(generation));
  const text = await readToken(file).catch((error: unknown) => {
    // That of another user, who need not let others read it.
    if (systemCode(error) === "EACCES" || systemCode(error) === "EPERM") return "?";
    throw error;
  });
  if (text === "") return undefined;
  const { mtimeMs, ctimeMs, birthtimeMs } = await lstat(file);
  const made = birthtimeMs > 0 ? birthtimeMs : mtimeMs;
  return { generation, touched: `${mtimeMs} ${ctimeMs}`, made, owner: parseOwner(text) };
}

async function newestGeneration(directory: string): Promise<number> {
  return Math.max(0, ...(await generations(directory)));
}

async function generations(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.filter((name) => /^[1-9][0-9]{0,14}$/.test(name)).map(Number);
}

/** Old ones that cannot be removed do no harm. */
async function removeOldGenerations(directory: string, own: number): Promise<void> {
  for (const generation of await generations(directory).catch(() => [])) {
    if (generation > own - keptGenerations) continue;
    await rm(join(directory, String(generation)), { force: true }).catch(() => undefined);
  }
}

/** Never fails: what it cannot undo ends with the process, and is taken for dead then. */
async function release(layout: string, generation: number): Promise<void> {
  if (await leave(layout, generation).catch(() => false)) return;
  const file = join(lockDirectory(layout), String(generation));
  // To remove it is second best, as its number may come again; but it needs no file descriptor.
  const isLink = await lstat(file).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
  const empty = isLink ? Promise.reject(new Error("a link has no content")) : truncate(file, 0);
  await empty.catch(() => rm(file, { force: true }).catch(() => undefined));
}

/** Takes the work directory away when no other writer needs it. False, or an error: the lock is still held. */
async function leave(layout: string, generation: number): Promise<boolean> {
  const [directory, sessions] = [lockDirectory(layout), sessionsDirectory(layout)];
  const workDirectory = join(layout, workDirectoryName);
  // Sessions begin under the lock only, so none can begin between here and the rename.
  if ((await newestGeneration(directory)) !== generation || !(await removeEmpty(sessions))) return false;
  if (await hasWaiters(directory)) return false;
  // It is filled under the lock only, too. While something is in it, the work directory stays.
  await removeEmpty(partialBlobsDirectory(layout));
  await rename(directory, join(workDirectory, `ended-${randomUUID()}`));
  for (const name of await readdir(workDirectory).catch(() => [])) {
    if (!name.startsWith("ended-")) continue;
    await rm(join(workDirectory, name), { recursive: true, force: true }).catch(() => undefined);
  }
  await removeEmpty(workDirectory);
  return true;
}

async function hasWaiters(directory: string): Promise<boolean> {
  const self = await thisOwner();
  const tickets = (await readdir(directory)).filter((name) => name.startsWith("ticket-"));
  for (const ticket of tickets) {
    const path = join(directory, ticket);
    const owner = parseOwner(await readToken(path).catch(() => ""));
    const alive = owner ? await isAlive(owner, self) : false;
    // To be wrong about one that cannot be seen from here does no harm: its link fails, and it makes another ticket.
    const old = async () => Date.now() - (await lstat(path)).mtimeMs > silenceLimit;
    if (alive ?? !(await old())) return true;
  }
  return false;
}

function heldBy(layout: string, obstacle: Obstacle): OciEncError {
  return new OciEncError("CONFLICT", `${JSON.stringify(layout)} is locked by ${holderOf(obstacle)}`, {
    hint: "wait until that process has ended, or end it, and try again",
    retryable: true,
  });
}

function holderOf({ owner }: Obstacle): string {
  return owner ? `process ${owner.pid} on ${JSON.stringify(owner.host)}` : "an unknown process";
}
