import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** A directory for one test file, gone when its tests have run. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "oci-enc-test-"));
  after(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}
