import { readdirSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { OciEncError, systemCode } from "../errors.js";

/** More files than any set of keys has: it is the wrong directory. */
const fileLimit = 1000;

/** What a directory of keys holds. */
export interface KeyDirectory {
  /** By name, each once, however many links lead to it. */
  readonly files: readonly string[];
  /** Links that lead out of the directory, or nowhere, and are not followed. */
  readonly outside: readonly string[];
}

/**
 * The files of a directory and of those below it; of a file, that file. Symbolic links are followed as long as they stay
 * inside, as those do that Kubernetes makes for a mounted secret. KEY_INVALID when there are far too many files; fails as
 * the system does when something cannot be read. Synchronous: the decoder starts once per layer, and does without promises
 * where they would only cost time.
 */
export function listKeyDirectory(path: string): KeyDirectory {
  const root = realpathSync(path);
  const found = new Map<string, string>();
  const outside: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const place = placeOf(name);
    if (place === undefined || !(place + sep).startsWith(root + sep)) {
      outside.push(name);
      return;
    }
    const stats = statSync(place);
    if (stats.isFile() && !found.has(place)) found.set(place, name);
    if (found.size > fileLimit) throw new OciEncError("KEY_INVALID", `more than ${fileLimit} files as keys`);
    if (!stats.isDirectory() || seen.has(place)) return;
    seen.add(place);
    for (const child of readdirSync(name).sort()) visit(join(name, child));
  };
  visit(path);
  return { files: [...found.values()], outside };
}

/** Undefined for a link that leads nowhere. */
function placeOf(name: string): string | undefined {
  try {
    return realpathSync(name);
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ELOOP") return undefined;
    throw error;
  }
}
