import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { ioError, OciEncError } from "../../errors.js";

/** More files than any set of keys has; somebody has named the wrong directory. */
const fileLimit = 1000;

/**
 * The files of a directory and of those below it, by name, each once. Symbolic links are followed as long as they stay
 * inside, as those do that Kubernetes makes for a mounted secret. KEY_INVALID for one that leads out, or when there
 * is no file or far too many; NOT_FOUND and LOCAL_IO as the system says.
 */
export async function keyFilesOf(directory: string): Promise<readonly string[]> {
  const root = await realpath(directory).catch((error: unknown) => {
    throw ioError(error, `cannot read ${JSON.stringify(directory)}`);
  });
  const found = new Map<string, string>();
  await collect({ root, directory, found, seen: new Set([root]) });
  if (found.size > 0) return [...found.values()];
  throw new OciEncError("KEY_INVALID", `there is no file in ${JSON.stringify(directory)}`);
}

interface Walk {
  readonly root: string;
  readonly directory: string;
  /** By the place that the links lead to. */
  readonly found: Map<string, string>;
  readonly seen: Set<string>;
}

async function collect(walk: Walk): Promise<void> {
  try {
    for (const name of (await readdir(walk.directory)).sort()) await visit(join(walk.directory, name), walk);
  } catch (error) {
    throw ioError(error, `cannot read the keys in ${JSON.stringify(walk.directory)}`);
  }
}

async function visit(path: string, walk: Walk): Promise<void> {
  const place = await realpath(path);
  if (place !== walk.root && !place.startsWith(walk.root + sep)) {
    throw new OciEncError("KEY_INVALID", `${JSON.stringify(path)} is a link that leads out of the directory of keys`);
  }
  if ((await stat(place)).isDirectory()) {
    if (walk.seen.has(place)) return;
    walk.seen.add(place);
    await collect({ ...walk, directory: path });
  } else if (!walk.found.has(place)) {
    if (walk.found.size === fileLimit) throw new OciEncError("KEY_INVALID", `more than ${fileLimit} files as keys`);
    walk.found.set(place, path);
  }
}
