import assert from "node:assert/strict";
import { test } from "node:test";
import { filePlainMode, treePlainMode } from "../../../../src/cli/options/plain-mode.js";
import { expectedError } from "../../../support/expected-error.js";

test("a mode is octal, and never takes anything from the owner or gives more than reading and writing", () => {
  assert.equal(filePlainMode.read([]), undefined);
  assert.deepEqual(
    ["0644", "600", "0666"].map((text) => filePlainMode.read([text])),
    [0o644, 0o600, 0o666],
  );
  assert.deepEqual(
    ["0755", "700", "0711"].map((text) => treePlainMode.read([text])),
    [0o755, 0o700, 0o711],
  );
  for (const text of ["0755", "0444", "0o644", "u=rw", "4644", "-644", "64", "0800"]) {
    assert.throws(() => filePlainMode.read([text]), expectedError("USAGE", /from 0600 to 0666/));
  }
  for (const text of ["0644", "1777", "4755", "0077"]) {
    assert.throws(() => treePlainMode.read([text]), expectedError("USAGE", /from 0700 to 0777/));
  }
});
