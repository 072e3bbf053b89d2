import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A new directory's real path; it goes with the test. */
export async function scratchDirectory(t: TestContext): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "oci-enc-test-")));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
