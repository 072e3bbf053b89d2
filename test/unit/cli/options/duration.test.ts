import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration, parseLifetime } from "../../../../src/cli/options/duration.js";
import { expectedError } from "../../../support/expected-error.js";

test("a duration is a number and a unit, or several", () => {
  const read = ["500ms", "90s", "5m", "1h30m", "1.5s", "0.5h"].map(parseDuration);
  assert.deepEqual(read, [500, 90_000, 300_000, 5_400_000, 1500, 1_800_000]);
});

test("anything else is refused, and so is what no timer can wait for", () => {
  for (const text of ["", "5", "s", "-1s", "5 m", "1m1", "0s", "600h", "1d", "1e3s"]) {
    assert.throws(() => parseDuration(text), expectedError("USAGE", /not a duration/, /90s/), text);
  }
});

test("what nobody waits for may be longer", () => {
  assert.deepEqual(["90s", "720h", "8760h"].map(parseLifetime), [90_000, 2_592_000_000, 31_536_000_000]);
  for (const text of ["", "0s", "876001h", "1d"]) {
    assert.throws(() => parseLifetime(text), expectedError("USAGE", /not a duration/, /hundred years/), text);
  }
});
