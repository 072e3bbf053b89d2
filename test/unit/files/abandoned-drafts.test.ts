import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, chown, lutimes, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { removeAbandonedDrafts } from "../../../src/files/abandoned-drafts.js";
import { watching } from "../../../src/files/heartbeat.js";
import { draftName, draftPrefix, treeName } from "../../../src/files/maker-mark.js";
import { draftNameOfTheDead } from "../../support/files/dead-draft.js";
import { scratchOf } from "../../support/scratch.js";

// Nobody has to be watched for longer here.
watching.time = 1;

const minute = 60_000;
const day = 24 * 60 * minute;
const elsewhere = (name: string) => name.replace(/-[0-9a-f]{16}-/, "-0123456789abcdef-");

/** Files, or directories of mode 0700 with something in them, that were last touched so many milliseconds ago. */
async function leave(directory: string, entries: readonly (readonly [name: string, age: number])[]): Promise<void> {
  for (const [name, age] of entries) {
    const path = join(directory, name);
    if (name.startsWith(draftPrefix)) await writeFile(path, "half of a layer");
    else {
      await mkdir(path, { mode: 0o700 });
      await writeFile(join(path, "file"), "half of a layer");
    }
    const then = new Date(Date.now() - age);
    await lutimes(path, then, then);
  }
}

test("faults/51: drafts and trees of killed processes go, and those of the living and the unknown stay", async (t) => {
  const directory = scratchOf(t);
  const dead = await draftNameOfTheDead();
  const [own, ownTree] = [await draftName(), await treeName("run")];
  const old = `${draftPrefix}12345-678-0123456789abcdef-0123456789abcdef01234567`;
  const unmarked = `${draftPrefix}0123456789abcdef01234567`;
  const goes = [
    [dead, 0],
    [dead.replace(".oci-enc-beats", "oci-enc-run").replace(/.$/, "0"), 0],
    [elsewhere(await draftName()), 11 * minute],
    [elsewhere(await treeName("scratch")), 11 * minute],
    [elsewhere(await draftName()), -4 * day],
    [old, 3 * day],
    [unmarked, 3 * day],
    ["oci-enc-run-aB3dEf", 3 * day],
    ["oci-enc-aB3dEf", 3 * day],
  ] as const;
  const stays = [
    [own, 30 * day],
    [ownTree, 30 * day],
    [elsewhere(await draftName()), 9 * minute],
    [elsewhere(await treeName("run")), 9 * minute],
    [old.replace(/.$/, "8"), 2 * day],
    [unmarked.replace(/.$/, "8"), 2 * day],
    ["oci-enc-run-zzzzzz", 2 * day],
    ["oci-enc-test-aB3dEf", 30 * day],
    [".oci-enc-notes", 30 * day],
    ["other", 30 * day],
  ] as const;
  await leave(directory, [...goes, ...stays]);
  await removeAbandonedDrafts(directory);
  assert.deepEqual((await readdir(directory)).toSorted(), stays.map(([name]) => name).toSorted());
  await removeAbandonedDrafts(join(directory, "absent"));
});

test("in a place where anybody may put anything, nothing of others is touched, and nothing is followed or opened", async (t) => {
  const directory = scratchOf(t);
  const outside = scratchOf(t);
  await writeFile(join(outside, "file"), "somebody else's");
  const dead = async () => (await draftNameOfTheDead()).replace(/beats-/, "run-").slice(1);
  const [link, fifo, open, foreign] = [await dead(), await dead(), await dead(), await dead()];
  await symlink(outside, join(directory, link));
  execFileSync("mkfifo", [join(directory, fifo)]);
  await mkdir(join(directory, open));
  await chmod(join(directory, open), 0o755);
  await mkdir(join(directory, foreign), { mode: 0o700 });
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) await chown(join(directory, foreign), 12345, 12345);
  const draft = await draftNameOfTheDead();
  await symlink(join(outside, "file"), join(directory, draft));
  const warnings: string[] = [];
  await removeAbandonedDrafts(directory, (event) => event.type === "warning" && warnings.push(event.message));
  const expected = [link, fifo, open, draft, ...(isRoot ? [foreign] : [])];
  assert.deepEqual((await readdir(directory)).toSorted(), expected.toSorted());
  assert.equal(await readFile(join(outside, "file"), "utf8"), "somebody else's");
  // A draft beside what is being written is told of; what lies about in a place for everybody is not.
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0]?.includes(draft));
});

test("a bundle of an earlier version in which a container may run is left alone, and told of", async (t) => {
  const directory = scratchOf(t);
  await leave(directory, [["oci-enc-run-aB3dEf", 0]]);
  await mkdir(join(directory, "oci-enc-run-aB3dEf", "state", "container"), { recursive: true });
  const then = new Date(Date.now() - 30 * day);
  await lutimes(join(directory, "oci-enc-run-aB3dEf"), then, then);
  const warnings: string[] = [];
  await removeAbandonedDrafts(directory, (event) => event.type === "warning" && warnings.push(event.message));
  assert.deepEqual(await readdir(directory), ["oci-enc-run-aB3dEf"]);
  assert.match(warnings.join(), /oci-enc-run-aB3dEf/);
});
