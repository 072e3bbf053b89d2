import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { openScratch } from "../../../src/files/scratch-file.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

test("faults/57: a scratch file has no name that anybody could open, and leaves nothing behind", async () => {
  const tmpdir = join(scratch, "tmp");
  await mkdir(tmpdir);
  const bytes = randomBytes(1_000_000);
  {
    const file = await openScratch(tmpdir);
    await file.fill(
      (async function* () {
        yield bytes;
      })(),
    );
    assert.deepEqual(await readdir(tmpdir), []);
    await using reading = await file.reading("the scratch file");
    assert.equal(reading.size, bytes.length);
    assert.deepEqual(await buffer(reading.stream()), bytes);
  }
  assert.deepEqual(await readdir(tmpdir), []);
});

test("a directory for scratch files that is not there is an error that names it", async () => {
  await assert.rejects(openScratch(join(scratch, "absent")), expectedError("LOCAL_IO", /absent/));
});
