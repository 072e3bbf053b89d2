import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";

/** The real path of a new directory for one test file, gone when its tests have run. */
export function scratchDirectory(): string {
  const directory = make();
  after(() => remove(directory));
  return directory;
}

/** The same for one test. */
export function scratchOf(t: TestContext): string {
  const directory = make();
  t.after(() => remove(directory));
  return directory;
}

function make(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), "oci-enc-test-")));
}

/** Also where a test has made a directory into which only root may write. */
async function remove(directory: string): Promise<void> {
  if (process.geteuid?.() !== 0) spawnSync("chmod", ["-R", "u+rwX", directory], { stdio: "ignore" });
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}
