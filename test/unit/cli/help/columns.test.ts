import assert from "node:assert/strict";
import { test } from "node:test";
import { list, pageWidth, wrapped } from "../../../../src/cli/help/columns.js";

test("a list has its texts in one column, and those of long terms on the line below", () => {
  const entries = [
    ["--one", "the first of them all"],
    [`--${"long".repeat(10)}`, "another"],
  ] as const;
  assert.equal(
    list(entries, 24),
    ["  --one  the first of", "         them all", `  --${"long".repeat(10)}`, "         another"].join("\n"),
  );
});

test("no line is wider than the page, unless a word is", () => {
  const words = Array.from({ length: 40 }, (_, index) => "w".repeat(1 + (index % 9)));
  for (const width of [40, 80, 100]) {
    for (const line of wrapped(words.join(" "), width, 7).split("\n")) assert.ok(line.length <= width, line);
  }
  assert.equal(wrapped(`a ${"x".repeat(50)} b`, 10), `a\n${"x".repeat(50)}\nb`);
});

test("a page is as wide as COLUMNS says, within bounds, and 80 without", () => {
  const before = process.env["COLUMNS"];
  for (const [columns, width] of [
    ["100", 100],
    ["500", 100],
    ["10", 40],
    ["wide", 80],
    [undefined, 80],
  ] as const) {
    if (columns === undefined) delete process.env["COLUMNS"];
    else process.env["COLUMNS"] = columns;
    if (process.stdout.isTTY !== true) assert.equal(pageWidth(), width);
  }
  if (before !== undefined) process.env["COLUMNS"] = before;
});
