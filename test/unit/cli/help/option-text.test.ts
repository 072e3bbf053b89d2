import assert from "node:assert/strict";
import { test } from "node:test";
import { briefMeaning, meaning, spelling } from "../../../../src/cli/help/option-text.js";
import { choice, repeated, yesOrNo } from "../../../../src/cli/options/flag.js";

const group = "Test:";
const about = "a fruit, ripe or not: APPLE or PEAR; default none";
const fruit = repeated({ name: "fruit", short: "f", aliases: ["food"], placeholder: "NAME", about, group });

test("all that is said of an option has its default, whether it repeats, and its other names", () => {
  assert.equal(meaning(fruit), `${about} (repeatable) (also --food)`);
  assert.equal(
    meaning(choice({ name: "size", about: "how big", group }, ["small", "large"])),
    "how big (default: small)",
  );
});

test("an option is spelled with its value, an optional one as it has to be written", () => {
  assert.equal(spelling(fruit), "-f, --fruit <NAME>");
  assert.equal(spelling(yesOrNo({ name: "peel", about: "peel it", group })), "--peel[=BOOL]");
});

test("the brief meaning ends at a clause: as many as fit, and at least one", () => {
  const cases = [
    [80, about],
    [45, "a fruit, ripe or not: APPLE or PEAR"],
    [30, "a fruit, ripe or not"],
    [10, "a fruit"],
    [3, "a fruit"],
  ] as const;
  for (const [room, text] of cases) assert.equal(briefMeaning(fruit, room), text);
});
