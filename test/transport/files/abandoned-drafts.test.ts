import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { removeAbandonedDrafts } from "../../../src/transport/files/abandoned-drafts.js";
import { draftName, draftPrefix } from "../../../src/transport/files/maker-mark.js";
import { draftNameOfTheDead } from "../../support/dead-draft.js";
import { scratchOf } from "../../support/scratch.js";

test("faults/51: the draft of a killed process goes, and those of the living and of other machines stay", async (t) => {
  const directory = scratchOf(t);
  const dead = await draftNameOfTheDead();
  const own = await draftName();
  const foreign = dead.replace(/-[0-9a-f]{16}-/, "-0123456789abcdef-");
  const unmarked = `${draftPrefix}0123456789abcdef01234567`;
  for (const name of [dead, own, foreign, unmarked, "other"]) await writeFile(join(directory, name), "");
  await removeAbandonedDrafts(directory);
  assert.deepEqual((await readdir(directory)).toSorted(), [own, foreign, unmarked, "other"].toSorted());
  await removeAbandonedDrafts(join(directory, "absent"));
});
