import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { removeTree } from "../../../src/files/remove-tree.js";
import { makeTemporaryTree } from "../../../src/files/temporary-tree.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchOf } from "../../support/scratch.js";

test("a temporary tree is its owner's alone, and gone without a trace", async (t) => {
  const parent = scratchOf(t);
  {
    await using tree = await makeTemporaryTree(parent, "run");
    assert.equal((await lstat(tree.directory)).mode & 0o777, 0o700);
    writeFileSync(join(tree.directory, "file"), "content");
  }
  assert.deepEqual(await readdir(parent), []);
  await assert.rejects(makeTemporaryTree(join(parent, "absent"), "run"), expectedError("LOCAL_IO", /absent/));
});

/** A tree as an image can hold it: closed directories, names that are no text, links that lead out. */
function makeAwkward(root: string, outside: string): void {
  mkdirSync(join(root, "closed", "deeper"), { recursive: true });
  writeFileSync(join(root, "closed", "deeper", "file"), "content");
  symlinkSync(outside, join(root, "link"));
  symlinkSync(join(root, "nowhere"), join(root, "dangling"));
  mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x80])]));
  writeFileSync(
    Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x80]), Buffer.from("/\xe9", "latin1")]),
    "",
  );
  let deep = join(root, "deep");
  for (let depth = 0; depth < 300; depth += 1) deep = join(deep, "d");
  mkdirSync(deep, { recursive: true });
  chmodSync(join(root, "closed", "deeper"), 0o000);
  chmodSync(join(root, "closed"), 0o555);
}

test("a tree goes whatever is in it, also without root, and what its links lead to stays", async (t) => {
  const [parent, outside] = [scratchOf(t), scratchOf(t)];
  writeFileSync(join(outside, "file"), "somebody else's");
  makeAwkward(join(parent, "mine"), outside);
  await removeTree(join(parent, "mine"));
  assert.deepEqual(await readdir(parent), []);
  assert.ok(existsSync(join(outside, "file")));
  if (process.geteuid?.() !== 0) return;
  makeAwkward(join(parent, "theirs"), outside);
  execFileSync("chown", ["-hR", "12345", parent]);
  process.seteuid?.(12345);
  try {
    await removeTree(join(parent, "theirs"));
  } finally {
    process.seteuid?.(0);
  }
  assert.deepEqual(await readdir(parent), []);
});
