import assert from "node:assert/strict";
import { test } from "node:test";
import { progressTotals } from "../../../../../src/cli/output/console/progress-totals.js";
import { digestOf } from "../../../../../src/oci/digest.js";

const blob = (text: string, size: number) => ({ mediaType: "x", digest: digestOf(Buffer.from(text)), size });

test("a line says how many blobs and bytes of the plan are done, and how fast", () => {
  let now = 1000;
  const sum = progressTotals(() => now);
  assert.equal(sum.line(), undefined);
  sum.take({ type: "planned", blobs: 3, bytes: 4096 });
  assert.equal(sum.line(), "0 of 3 blobs, 0 B of 4.0 KiB");
  now += 2000;
  sum.take({ type: "moved", blob: blob("a", 2048), bytes: 1024 });
  sum.take({ type: "moved", blob: blob("a", 2048), bytes: 2048 });
  sum.take({ type: "finished", blob: blob("a", 2048), as: blob("b", 2048) });
  sum.take({ type: "skipped", blob: blob("c", 1024), why: "present" });
  assert.equal(sum.line(), "2 of 3 blobs, 3.0 KiB of 4.0 KiB, 1.0 KiB/s");
});

test("each blob that is under way has a line, until it is done", () => {
  const sum = progressTotals(() => 5);
  const [one, other] = [blob("a", 4096), blob("b", 2048)];
  assert.deepEqual(sum.running(), []);
  sum.take({ type: "started", blob: one, action: "copy" });
  sum.take({ type: "started", blob: other, action: "rewrite" });
  sum.take({ type: "moved", blob: one, bytes: 1024 });
  assert.deepEqual(sum.running(), [
    `${one.digest.slice(0, 19)}  1.0 KiB of 4.0 KiB`,
    `${other.digest.slice(0, 19)}  0 B of 2.0 KiB`,
  ]);
  sum.take({ type: "finished", blob: one, as: one });
  assert.deepEqual(sum.running(), [`${other.digest.slice(0, 19)}  0 B of 2.0 KiB`]);
});

test("a blob that is begun anew counts from nothing", () => {
  const sum = progressTotals(() => 5);
  const layer = blob("a", 4096);
  sum.take({ type: "planned", blobs: 1, bytes: 4096 });
  sum.take({ type: "moved", blob: layer, bytes: 3072 });
  sum.take({ type: "started", blob: layer, action: "copy" });
  assert.equal(sum.line(), "0 of 1 blobs, 0 B of 4.0 KiB");
});

test("faults/58: a clock that stands still divides nothing by zero", () => {
  const sum = progressTotals(() => 5);
  sum.take({ type: "planned", blobs: 1, bytes: 1 });
  sum.take({ type: "moved", blob: blob("a", 1), bytes: 1 });
  assert.equal(sum.line(), "0 of 1 blobs, 1 B of 1 B");
});
