import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { labelText } from "../../../src/keys/label.js";

test("ordinary text stays as it is, in any script", () => {
  for (const text of ["", "NzbLsXh8uDCcd-6M", "Schlüssel 鍵 🔑"]) assert.equal(labelText(text), text);
});

test("faults/60: what could move a terminal's cursor or turn the writing around is replaced", () => {
  assert.equal(labelText("a\u001b[2Jb\r\n\u009b\u202e\u2028\ud800"), "a\uFFFD[2Jb\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
});

test("any text is cut to a hundred characters without half a character at its end", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const label = labelText(text);
      assert.ok(Array.from(label).length <= 100);
      assert.doesNotMatch(label, /[\p{Cc}\p{Cs}]/u);
    }),
  );
});
