import assert from "node:assert/strict";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkClock, checkNodeRelease, writtenFiles } from "../../../src/operations/doctor/machine-checks.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const day = (text: string) => Date.parse(text);

test("a release of Node is good until its end, and one with an odd number is warned of", () => {
  const cases = [
    ["20.19.0", "2026-04-29", "good"],
    ["20.19.0", "2026-04-30", "warning"],
    ["22.1.0", "2026-12-01", "good"],
    ["23.1.0", "2025-01-01", "warning"],
    ["28.0.0", "2028-06-01", "good"],
  ] as const;
  for (const [version, now, verdict] of cases)
    assert.equal(checkNodeRelease(version, day(now)).verdict, verdict, version);
});

test("a clock before the times of files is wrong, and one after them, or by less than a day before, is good", async () => {
  const file = join(scratch, "file");
  writeFileSync(file, "");
  utimesSync(file, day("2026-01-02") / 1000, day("2026-01-02") / 1000);
  const verdict = async (now: string) => (await checkClock(day(now), [file, join(scratch, "absent")])).verdict;
  assert.equal(await verdict("2026-01-03"), "good");
  assert.equal(await verdict("2026-01-01T12:00"), "good");
  assert.equal(await verdict("2025-12-31"), "wrong");
  assert.equal((await checkClock(Date.now(), writtenFiles)).verdict, "good");
});
