import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, realpath, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Why no small file system can be had here, for `skip`; false when one can. */
export const smallDiskMissing: string | false = mountReason();

/** A file system in memory of so many bytes, and with room for so many files, that goes with the test. */
export async function smallDisk(t: TestContext, size: number, files = 0): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "oci-enc-disk-")));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},nr_inodes=${files}`, "tmpfs", path]);
  t.after(async () => {
    execFileSync("umount", ["--lazy", path]);
    await rmdir(path);
  });
  return path;
}

function mountReason(): string | false {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return "needs root on Linux, to mount a small file system";
  }
  const tried = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return tried.status === 0 ? false : "no file system can be mounted here";
}
