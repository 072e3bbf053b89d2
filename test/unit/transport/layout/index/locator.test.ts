import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLocator } from "../../../../../src/transport/layout/index/locator.js";
import { expectedError } from "../../../../support/expected-error.js";

const digest = `sha256:${"0f".repeat(32)}`;

for (const [text, path, name, pinned] of [
  ["dir", "dir", undefined, undefined],
  ["/a/b:tag", "/a/b", "tag", undefined],
  ["dir:host:5000/app:1", "dir", "host:5000/app:1", undefined],
  [`dir@${digest}`, "dir", undefined, digest],
  [`dir:tag@${digest}`, "dir", "tag", digest],
  ["d@r:t@g", "d@r", "t@g", undefined],
  [`dir:tag@${digest}0`, "dir", `tag@${digest}0`, undefined],
] as const) {
  test(`${text.slice(0, 30)} is taken apart`, () => {
    assert.deepEqual(parseLocator(text), { path, name, digest: pinned });
  });
}

for (const text of ["", ":tag", "dir:", `@${digest}`, "a\0b"]) {
  test(`${JSON.stringify(text.slice(0, 30))} is a USAGE error that shows the form`, () => {
    assert.throws(() => parseLocator(text, "x:FORM"), expectedError("USAGE", /./, /x:FORM/));
  });
}
