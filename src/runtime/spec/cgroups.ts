import { readdir, readFile, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkMakersIn, parseMadeName, treeName } from "../../files/maker-mark.js";

/** A container's id, after which its runtime names cgroups. It tells which process made it. */
export async function containerId(): Promise<string> {
  return await treeName("run");
}

/**
 * Removes the cgroups of containers whose oci-enc was killed. They only take memory of the kernel, so one that cannot be
 * removed, because a process runs in it, stays without a warning.
 */
export async function removeAbandonedCgroups(mounted = "/sys/fs/cgroup", ownPath = "/proc/self/cgroup"): Promise<void> {
  const makers = await checkMakersIn(undefined);
  for (const directory of await parentCgroups(mounted, ownPath)) {
    for (const name of await readdir(directory).catch(() => [])) {
      const made = parseMadeName(name);
      if (made?.kind !== "tree" || made.maker === undefined) continue;
      const path = join(directory, name);
      const touched = (await stat(path).catch(() => undefined))?.mtimeMs;
      if (touched === undefined || (await makers.check(made, touched)) === "in use") continue;
      // The kernel removes a cgroup only if it has no processes and no other cgroups in it.
      await rmdir(path).catch(() => undefined);
    }
  }
}

/**
 * The cgroups in which runtimes make theirs, in each hierarchy: runc in its own, crun at the root. cgroups(7):
 * `id:controllers:path` a line, no controllers in the unified one.
 */
async function parentCgroups(mounted: string, ownPath: string): Promise<ReadonlySet<string>> {
  const lines = (await readFile(ownPath, "utf8").catch(() => "")).split("\n");
  const parents = lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    const roots =
      controllers === "" ? [mounted, join(mounted, "unified")] : [join(mounted, controllers.replace(/^name=/, ""))];
    return roots.flatMap((root) => [join(root, "/"), join(root, path, "/")]);
  });
  return new Set(parents);
}
