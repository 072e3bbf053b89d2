import { lstat, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ioError, systemCode } from "../../../errors.js";
import {
  isAlive,
  type Owner,
  parseOwner,
  readToken,
  silenceLimit,
  startHeartbeat,
  thisOwner,
  unchangedWhileWatched,
} from "../../../files/heartbeat.js";
import { certainLimit, fileSystemTime, isMakerAlive, parseMadeName, treeName } from "../../../files/maker-mark.js";
import { removeTree } from "../../../files/remove-tree.js";
import { keepPartialBlobs } from "../partial-blob-store.js";
import { type LockOptions, withLock } from "./lock.js";
import { lockDirectory, makeWorkDirectory, sessionsDirectory } from "./work-directory.js";

/**
 * A writer's own directory in a layout. While it is there, nothing that exists in the layout is removed: the writer may
 * have found a blob present, and count on it.
 */
export interface WriterSession {
  /** For blobs that are being written; only this writer reads it. Mode 0700. */
  readonly directory: string;
  /** Removes it and all that is in it. May be called again. */
  end(): Promise<void>;
}

/** Begins a session under the lock, so that a command that removes blobs has either seen it or finished before. LOCAL_IO, CONFLICT. */
export async function beginSession(layout: string, options: LockOptions): Promise<WriterSession> {
  return await withLock(
    layout,
    async () => {
      await reclaimSessions(layout);
      const owner = await thisOwner();
      // The name tells other users, too, whether this process lives: they see nothing that is in it.
      const directory = join(sessionsDirectory(layout), await treeName("lease"));
      try {
        await makeWorkDirectory(layout, sessionsDirectory(layout));
        await mkdir(directory, { mode: 0o700 });
        await writeFile(ownerFile(directory), JSON.stringify(owner), { flag: "wx", mode: 0o600 });
      } catch (error) {
        await rm(directory, { recursive: true, force: true }).catch(() => undefined);
        throw ioError(error, `cannot work in ${JSON.stringify(layout)}`);
      }
      return held(directory);
    },
    options,
  );
}

/** The sessions of a layout without the caller's own. */
export interface ReclaimedSessions {
  /** How many writers are at work. */
  readonly living: number;
  /** Why directories of dead writers could not be removed, which may hold plain content. */
  readonly kept: readonly string[];
}

/**
 * Removes what dead writers left, except partial blobs, and counts the living ones without `own`. To be called under the lock.
 */
export async function reclaimSessions(layout: string, own?: WriterSession): Promise<ReclaimedSessions> {
  let living = 0;
  const kept: string[] = [];
  for (const { directory, state } of await listSessions(layout, lockDirectory(layout))) {
    if (directory === own?.directory) continue;
    if (state === "living") {
      living += 1;
      continue;
    }
    // Nothing is kept of a silent one: it may only be asleep, and would go on writing into a file that another uses.
    if (state === "dead") await keepPartialBlobs(layout, directory);
    await removeTree(directory).catch((error: unknown) => {
      kept.push(ioError(error, `cannot remove ${JSON.stringify(directory)}`).message);
    });
  }
  return { living, kept };
}

/**
 * The directories of dead writers, which may hold plain content. Takes no lock and changes nothing. With `hastily` those of
 * which it only seems so are among them, and none is watched. LOCAL_IO.
 */
export async function deadSessions(
  layout: string,
  pace: "watching" | "hastily" = "watching",
): Promise<readonly string[]> {
  const sessions = await (pace === "hastily" ? seenSessions(layout, undefined) : listSessions(layout, undefined));
  return sessions.filter(({ state }) => state !== "living").map(({ directory }) => directory);
}

interface ListedSession {
  readonly directory: string;
  /** `silent`: it cannot be seen from here, and had no heartbeat for long. */
  readonly state: "living" | "dead" | "silent" | "unfinished";
}

/** Decided by the clock of the file system, which is asked in the directory `clock`; undefined: by ours. */
async function listSessions(layout: string, clock: string | undefined): Promise<readonly ListedSession[]> {
  const sessions = await seenSessions(layout, clock);
  const silent = sessions.filter(({ state }) => state === "silent").map(({ directory }) => directory);
  const ended = await unchangedWhileWatched(silent);
  return sessions.map(({ directory, state }) =>
    state === "silent" && !ended.has(directory) ? { directory, state: "living" } : { directory, state },
  );
}

/** At one look. */
async function seenSessions(layout: string, clock: string | undefined): Promise<readonly ListedSession[]> {
  const names = await sessionNames(layout);
  if (names.length === 0) return [];
  const self = await thisOwner();
  const now = clock === undefined ? Date.now() : await fileSystemTime(clock);
  const sessions: ListedSession[] = [];
  for (const name of names) {
    const directory = join(sessionsDirectory(layout), name);
    sessions.push({ directory, state: await stateOf(directory, { name, self, now }) });
  }
  return sessions;
}

async function stateOf(
  directory: string,
  { name, self, now }: { readonly name: string; readonly self: Owner; readonly now: number },
): Promise<ListedSession["state"]> {
  const made = parseMadeName(name);
  const known = made && (await isMakerAlive(made));
  if (known !== undefined) return known ? "living" : "dead";
  const token = await readToken(ownerFile(directory)).catch((error: unknown) => systemCode(error));
  // Sessions begin under the lock, which we hold: one without a token was never finished. What cannot be read may be in use.
  if (token === "ENOENT" || token === "ENOTDIR") return "unfinished";
  const owner = parseOwner(token ?? "");
  const alive = owner && (await isAlive(owner, self));
  if (alive !== undefined) return alive ? "living" : "dead";
  const age = now - (await lastSign(directory));
  // A time that lies days ahead cannot be right.
  return age < silenceLimit && age >= -certainLimit ? "living" : "silent";
}

function held(directory: string): WriterSession {
  // The directory as well, since those of another user see nothing that is in it.
  const rest = startHeartbeat(ownerFile(directory), directory);
  return {
    directory,
    async end() {
      rest();
      // What cannot be removed now, the next writer removes once this process has ended.
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

function ownerFile(directory: string): string {
  return join(directory, "owner");
}

async function sessionNames(layout: string): Promise<string[]> {
  try {
    return await readdir(sessionsDirectory(layout));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw ioError(error, `cannot look into ${JSON.stringify(layout)}`);
  }
}

/** When a writer was last known to live, in milliseconds; that of another user may be out of reach, then its directory tells. */
async function lastSign(directory: string): Promise<number> {
  for (const path of [ownerFile(directory), directory]) {
    const stats = await lstat(path).catch(() => undefined);
    if (stats) return stats.mtimeMs;
  }
  return 0;
}
