import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonText, printable } from "../../../../src/cli/output/printable.js";

test("faults/60: what a terminal obeys is written out", () => {
  assert.equal(printable("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
  assert.equal(printable("a\nb\r\tc\x07\x7f"), "a\\nb\\r\\tc\\x07\\x7f");
  assert.equal(printable("\x9b31m\x85"), "\\x9b31m\\x85");
  assert.equal(printable("abc\u202egnp.exe\u2066\u200f"), "abc\\u202egnp.exe\\u2066\\u200f");
  assert.equal(printable("grün 漢字 🚀"), "grün 漢字 🚀");
});

test("faults/60: JSON keeps the data, and holds no control character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const json = jsonText({ text });
      assert.equal(JSON.parse(json).text, text);
      assert.doesNotMatch(json, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      assert.doesNotMatch(printable(text), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
  );
});
