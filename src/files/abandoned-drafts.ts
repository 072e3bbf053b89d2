import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../errors.js";
import type { Progress } from "../progress.js";
import { unchangedWhileWatched } from "./heartbeat.js";
import { checkMakersIn, isOurs, type MadeName, parseMadeName, type Verdict } from "./maker-mark.js";
import { removeTree } from "./remove-tree.js";

/** Something unfinished in a directory. */
export interface Unfinished {
  readonly name: string;
  readonly made: MadeName;
  /** Whether its maker has ended, as far as that can be known from here. */
  readonly abandoned: boolean;
  /** Whether it is this user's, and what its name says: then it may be removed. */
  readonly ours: boolean;
}

/**
 * What is unfinished in a directory. That of killed processes of this machine and pid namespace is known as such at once,
 * that of others when they have been silent for long. Nothing is opened and no link is followed. Empty, too, for a
 * directory that cannot be read. With `look` not even the clock of the file system is asked, which takes making a file.
 */
export async function findUnfinished(
  directory: string,
  mode: "look" | "tidy" = "tidy",
): Promise<readonly Unfinished[]> {
  const names = await readdir(directory).catch(() => []);
  const candidates = names.flatMap((name) => {
    const made = parseMadeName(name);
    return made ? [{ name, made }] : [];
  });
  if (candidates.length === 0) return [];
  const makers = await checkMakersIn(mode === "tidy" ? directory : undefined);
  const found: (Omit<Unfinished, "abandoned"> & { verdict: Verdict })[] = [];
  for (const { name, made } of candidates) {
    const stats = await lstat(join(directory, name)).catch(() => undefined);
    if (!stats) continue;
    const isTree = stats.isDirectory() && (stats.mode & 0o777) === 0o700;
    const fits = made.kind === "tree" ? isTree : stats.isFile() || (made.kind === "draft" && isTree);
    found.push({ name, made, verdict: await makers.check(made, stats.mtimeMs), ours: isOurs(stats) && fits });
  }
  const silent = found.filter(({ verdict }) => verdict === "silent").map(({ name }) => join(directory, name));
  const ended = await unchangedWhileWatched(silent);
  return found.map(({ verdict, ...one }) => ({
    ...one,
    abandoned: verdict === "abandoned" || ended.has(join(directory, one.name)),
  }));
}

/**
 * Removes what killed processes left in a directory. It is called to tidy up, before work that does not depend on it:
 * what stays is reported once, by name. What other users left in a shared directory for temporary files is ignored.
 */
export async function removeAbandonedDrafts(directory: string, progress: Progress = () => {}): Promise<void> {
  const kept: { path: string; why: string }[] = [];
  for (const { name, made, abandoned, ours } of await findUnfinished(directory)) {
    if (!abandoned || made.kind === "record" || (!ours && made.kind === "tree")) continue;
    const path = join(directory, name);
    const why = ours && !(await isOccupied(path, made)) ? await whyNotRemoved(path) : "it may be of another user";
    if (why !== undefined) kept.push({ path, why });
  }
  const [first] = kept;
  if (first === undefined) return;
  const others = kept.length > 1 ? ` and ${kept.length - 1} more` : "";
  const message = `${JSON.stringify(first.path)}${others}, left by a command that was killed, may hold plain content: ${first.why}`;
  progress({ type: "warning", code: "PLAIN_BLOBS_KEPT", message });
}

/** Undefined: it is gone. */
async function whyNotRemoved(path: string): Promise<string | undefined> {
  return await removeTree(path).then(
    () => undefined,
    (error: unknown) => ioError(error, "it cannot be removed").message,
  );
}

/** Earlier versions had no heartbeat: in a bundle of theirs a container may still run, which its runtime then knows. */
async function isOccupied(path: string, made: MadeName): Promise<boolean> {
  if (made.kind !== "tree" || made.maker !== undefined) return false;
  return (await readdir(join(path, "state")).catch(() => [])).length > 0;
}
