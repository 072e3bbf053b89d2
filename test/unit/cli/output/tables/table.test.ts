import assert from "node:assert/strict";
import { test } from "node:test";
import { byteCount } from "../../../../../src/cli/output/byte-count.js";
import { table } from "../../../../../src/cli/output/tables/table.js";

test("columns are as wide as what they hold, and nothing trails", () => {
  const columns = [
    { heading: "#", align: "right", gap: 2 },
    { heading: "NAME", align: "left", gap: 1 },
    { heading: "SIZE", align: "right", gap: 2 },
    { heading: "", align: "left", gap: 2 },
  ] as const;
  const rows = [
    ["0", "a", "5", "x"],
    ["10", "longer", "12345"],
  ];
  assert.equal(table(columns, rows), "   # NAME     SIZE\n   0 a           5  x\n  10 longer  12345");
});

test("faults/60: a cell cannot break out of its line", () => {
  const columns = [{ heading: "A", align: "left", gap: 0 }] as const;
  assert.equal(table(columns, [["x\n\x1b[2J"]]), "A\nx\\n\\x1b[2J");
});

test("sizes for people have three digits or so and a unit", () => {
  assert.deepEqual([0, 1023, 1024, 1_572_864, 5e9, 5e15].map(byteCount), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 MiB",
    "4.7 GiB",
    "4547.5 TiB",
  ]);
});
