import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, type Owner, thisOwner } from "../layout/owner.js";
import { draftPrefix } from "./durable-file.js";

/** What the names of this process's drafts start with, so that others can tell whether it still lives. */
export async function draftMark(): Promise<string> {
  const self = await thisOwner();
  return `${self.pid}-${self.start ?? ""}-${machineOf(self)}-`;
}

/**
 * Removes the drafts of killed processes of this machine from a directory. Those of others, and what cannot be removed,
 * stay: it is called to tidy up, before work that does not depend on it.
 */
export async function removeAbandonedDrafts(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const drafts = names.filter((name) => name.startsWith(draftPrefix));
  if (drafts.length === 0) return;
  const self = await thisOwner();
  for (const name of drafts) {
    const owner = ownerOf(name.slice(draftPrefix.length), self);
    if (owner && (await isAlive(owner, self)) === false)
      await rm(join(directory, name), { force: true }).catch(() => {});
  }
}

/** Undefined when a draft is of another machine, another run of this one, or of nobody in particular. */
function ownerOf(mark: string, self: Owner): Owner | undefined {
  const [, pid, start, machine] = /^([1-9][0-9]{0,9})-([0-9]*)-([0-9a-f]{16})-/.exec(mark) ?? [];
  if (machine !== machineOf(self)) return undefined;
  return { ...self, pid: Number(pid), start: start || undefined };
}

/** Tells machines, their runs and their process namespaces apart. */
function machineOf({ host, boot, namespace }: Owner): string {
  return createHash("sha256")
    .update(JSON.stringify([host, boot, namespace]))
    .digest("hex")
    .slice(0, 16);
}
