import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { keyFilesOf } from "../../../../../src/cli/options/keys/key-directory.js";
import { expectedError } from "../../../../support/expected-error.js";
import { scratchDirectory } from "../../../../support/scratch.js";

const scratch = scratchDirectory();

test("a mounted Kubernetes secret is read, each key once", async () => {
  const directory = mkdtempSync(join(scratch, "secret-"));
  mkdirSync(join(directory, "..2026_01_01"));
  symlinkSync("..2026_01_01", join(directory, "..data"));
  for (const name of ["a.pem", "b.pem"]) {
    writeFileSync(join(directory, "..2026_01_01", name), name);
    symlinkSync(join("..data", name), join(directory, name));
  }
  assert.equal((await keyFilesOf(directory)).length, 2);
});

test("directories below are read in the order of their names, and a link in a circle is followed once", async () => {
  const directory = mkdtempSync(join(scratch, "deep-"));
  mkdirSync(join(directory, "sub"));
  symlinkSync("..", join(directory, "sub", "up"));
  writeFileSync(join(directory, "sub", "b"), "");
  writeFileSync(join(directory, "a"), "");
  assert.deepEqual(
    (await keyFilesOf(directory)).map((path) => relative(directory, path)),
    ["a", join("sub", "b")],
  );
});

test("a link that leads out, a dangling one, an empty directory and none at all are refused", async () => {
  const directory = mkdtempSync(join(scratch, "out-"));
  await assert.rejects(keyFilesOf(directory), expectedError("KEY_INVALID", /there is no file in/));
  symlinkSync("/etc/hostname", join(directory, "link"));
  await assert.rejects(keyFilesOf(directory), expectedError("KEY_INVALID", /leads out of the directory/));
  const dangling = mkdtempSync(join(scratch, "dangling-"));
  symlinkSync("nowhere", join(dangling, "link"));
  await assert.rejects(keyFilesOf(dangling), expectedError("KEY_INVALID", /leads out of the directory/));
  await assert.rejects(keyFilesOf(join(scratch, "missing")), expectedError("NOT_FOUND", /missing/));
});

test("a directory of more files than anybody has keys is the wrong one", async () => {
  const directory = mkdtempSync(join(scratch, "many-"));
  for (let count = 0; count <= 1000; count += 1) writeFileSync(join(directory, String(count)), "");
  await assert.rejects(keyFilesOf(directory), expectedError("KEY_INVALID", /more than 1000 files/));
});
