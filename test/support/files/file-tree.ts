import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Every path below a directory with its size, sorted; undefined when there is no directory. */
export async function fileTree(directory: string): Promise<readonly string[] | undefined> {
  const names = await readdir(directory, { recursive: true }).catch(() => undefined);
  if (!names) return undefined;
  const lines = names.map(async (name) => {
    const stats = await lstat(join(directory, name));
    return `${name} ${stats.isDirectory() ? "directory" : stats.size}`;
  });
  return (await Promise.all(lines)).toSorted();
}
