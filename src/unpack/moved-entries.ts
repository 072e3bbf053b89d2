import { lstat, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../errors.js";
import { findUnfinished } from "../files/abandoned-drafts.js";
import { removeTree } from "../files/remove-tree.js";

/** Notes in a draft which entries are about to move from `tree` to the directory around it: inode and name. */
export async function noteMoving(draft: string, tree: string): Promise<void> {
  const lines: string[] = [];
  for (const name of await readdir(tree, "buffer")) {
    const { ino } = await lstat(entryOf(tree, name), { bigint: true });
    lines.push(`${ino} ${name.toString("hex")}\n`);
  }
  await writeFile(join(draft, noteName), lines.join(""), { flag: "wx", mode: 0o600 });
}

/**
 * Removes from a directory the entries that killed processes had moved there from their drafts, and those drafts. Other files
 * that have those names by now stay. The system's errors.
 */
export async function takeBackMoved(directory: string): Promise<void> {
  for (const { name, made, abandoned, ours } of await findUnfinished(directory)) {
    if (made.kind !== "draft" || !abandoned || !ours) continue;
    const draft = join(directory, name);
    if (!(await lstat(draft)).isDirectory()) continue;
    const note = await readNote(join(draft, noteName));
    for (const [, ino = "", hex = ""] of note.matchAll(/^(\d+) ([0-9a-f]+)$/gm)) {
      const path = entryOf(directory, Buffer.from(hex, "hex"));
      const stats = await lstat(path, { bigint: true }).catch(() => undefined);
      if (stats?.ino === BigInt(ino) && !path.subarray(directory.length + 1).includes("/")) await removeTree(path);
    }
    await removeTree(draft);
  }
}

const noteName = "moving";

/** An entry of a directory by the bytes of its name. */
export function entryOf(directory: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), name]);
}

/** The draft is a directory of ours that is closed to others, so what is in it is ours. Empty: nothing was moved yet. */
async function readNote(path: string): Promise<string> {
  try {
    return await readFile(path, "latin1");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "";
    throw error;
  }
}
