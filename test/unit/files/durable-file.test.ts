import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createDraft, writeDurably } from "../../../src/files/durable-file.js";
import { draftPrefix } from "../../../src/files/maker-mark.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

async function place(): Promise<string> {
  const directory = join(scratch, randomBytes(6).toString("hex"));
  await mkdir(directory);
  return directory;
}

async function* chunks(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

test("faults/57: a draft is its owner's alone until it is published, and then as the umask says", async () => {
  const directory = await place();
  const path = join(directory, "final");
  await using draft = await createDraft(directory);
  const bytes = randomBytes(10_000);
  assert.equal(await draft.fill(chunks(bytes, 333)), bytes.length);
  assert.equal((await stat(draft.path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory), [draft.path.slice(directory.length + 1)]);
  assert.ok(draft.path.startsWith(join(directory, draftPrefix)));
  await draft.publish(path);
  assert.deepEqual(await readdir(directory), ["final"]);
  assert.equal((await stat(path)).mode & 0o777, 0o666 & ~process.umask());
  assert.deepEqual(await readFile(path), bytes);
});

test("a draft that is not published goes without a trace, whatever failed", async () => {
  const directory = await place();
  const failing = async () => {
    await using draft = await createDraft(directory);
    await draft.fill(
      (async function* () {
        yield randomBytes(100);
        throw new Error("the source fails");
      })(),
    );
  };
  await assert.rejects(failing, /the source fails/);
  assert.deepEqual(await readdir(directory), []);
});

test("parts are written at the same time, each at its place, and read back", async () => {
  await using draft = await createDraft(await place());
  const parts = Array.from({ length: 8 }, () => randomBytes(100_000));
  await Promise.all(parts.map((part, index) => draft.fill(chunks(part, 7777), index * 100_000)));
  for (const [index, part] of parts.entries()) assert.deepEqual(await draft.read(100_000, index * 100_000), part);
  await draft.truncate(100_001);
  await assert.rejects(draft.read(2, 100_000));
});

test("faults/57: publishing replaces a link and does not write through it", async () => {
  const directory = await place();
  const victim = join(directory, "victim");
  await writeFile(victim, "untouched");
  await symlink(victim, join(directory, "final"));
  await writeDurably(join(directory, "final"), Buffer.from("new"), 0o640);
  assert.equal(await readFile(victim, "utf8"), "untouched");
  assert.equal(await readFile(join(directory, "final"), "utf8"), "new");
  assert.equal((await stat(join(directory, "final"))).mode & 0o777, 0o640);
});

test("a directory that is not there is NOT_FOUND, and a file that stands in its place as well", async () => {
  const directory = await place();
  await writeFile(join(directory, "file"), "");
  for (const absent of ["absent", "file"]) {
    await assert.rejects(createDraft(join(directory, absent)), expectedError("NOT_FOUND", /cannot write in/));
  }
});
