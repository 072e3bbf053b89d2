import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OciEncError } from "../../../src/errors.js";
import { editText, type JsonNode, parseJson } from "../../../src/oci/json-text.js";

function parse(text: string): JsonNode {
  return parseJson(Buffer.from(text), "the text").root;
}

/** The plain value of a node, to compare with JSON.parse. */
function plainValue(node: JsonNode): unknown {
  if (node.kind === "object") return Object.fromEntries(node.members.map(({ key, value }) => [key, plainValue(value)]));
  return node.kind === "array" ? node.items.map(plainValue) : node.value;
}

test("any JSON value is read as JSON.parse reads it, and each node stands where it says", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom(undefined, 2, "\t"), (json, indent) => {
      const text = JSON.stringify(JSON.parse(json), null, indent);
      const root = parse(text);
      assert.deepEqual(plainValue(root), JSON.parse(text));
      assert.equal(text.slice(root.start, root.end), text);
    }),
  );
});

test("faults/11: what readers understand differently is refused", () => {
  const refused = [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '\ufeff{"a":1}',
    '{"a":1}x',
    '{"a":1,}',
    "[1,]",
    "[01]",
    "[+1]",
    "{a:1}",
    "['a']",
    '"\u0001"',
    "NaN",
    "",
    "[".repeat(100_000),
  ];
  for (const text of refused) {
    assert.throws(
      () => parse(text),
      (error) => error instanceof OciEncError && error.code === "CORRUPT",
      text.slice(0, 20),
    );
  }
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), "x"), /UTF-8/);
});

test("a member named __proto__ is a member like any other", () => {
  const root = parse('{"__proto__":{"polluted":true}}');
  assert.equal(root.kind === "object" && root.members[0]?.key, "__proto__");
  assert.equal(Reflect.get({}, "polluted"), undefined);
});

test("any bytes give a value or an OciEncError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        parseJson(bytes, "x");
      } catch (error) {
        assert.ok(error instanceof OciEncError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("edits are applied by position, insertions before what starts at the same place", () => {
  assert.equal(
    editText("abcdef", [
      { start: 4, end: 6, text: "" },
      { start: 1, end: 2, text: "B" },
      { start: 4, end: 4, text: "+" },
    ]),
    "aBcd+",
  );
  assert.throws(
    () =>
      editText("abc", [
        { start: 0, end: 2, text: "" },
        { start: 1, end: 3, text: "" },
      ]),
    /overlap/,
  );
});
