import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeDirectory } from "../../../src/files/make-directory.js";
import { expectedError } from "../../support/expected-error.js";

test("a directory below one of /proc is an error, and no endless wait", {
  skip: process.platform !== "linux" && "needs /proc",
}, async () => {
  const path = `/proc/${process.pid}/cache/oci-enc`;
  await assert.rejects(makeDirectory(path), expectedError("NOT_FOUND", /cannot make the directory/));
});

test("nothing makes directories by mkdir's own recursion, which may never end", () => {
  const root = join(process.cwd(), "src");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const found = files.filter((name) =>
    /\bmkdir(?:Sync)?\([^;]*recursive: true/.test(readFileSync(join(root, name), "utf8")),
  );
  assert.deepEqual(found, []);
});
