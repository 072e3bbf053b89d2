import assert from "node:assert/strict";
import { test } from "node:test";
import { progressState } from "../../../../../src/cli/output/console/progress-state.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import type { PlannedBlob } from "../../../../../src/progress.js";

const part = (text: string, size: number, index: number): PlannedBlob => ({
  blob: { mediaType: "x", digest: digestOf(Buffer.from(text)), size },
  action: "copy",
  part: "layer",
  index,
});
const [a, b, c] = [part("a", 2048, 0), part("b", 1024, 1), part("c", 1024, 2)] as const;
const planned = { type: "planned", blobs: 3, bytes: 4096, parts: [a, b, c] } as const;

test("a snapshot says how many blobs and bytes of the plan are done, how fast, and what is under way", () => {
  let now = 1000;
  const state = progressState(() => now);
  assert.equal(state.snapshot(), undefined);
  state.take(planned);
  assert.deepEqual(state.snapshot(), {
    blobs: { done: 0, all: 3 },
    bytes: { done: 0, all: 4096 },
    rate: undefined,
    running: [],
  });
  now += 2000;
  state.take({ type: "started", blob: a.blob, action: "copy" });
  state.take({ type: "moved", blob: a.blob, bytes: 1024 });
  state.take({ type: "skipped", blob: c.blob, why: "present" });
  assert.deepEqual(state.snapshot(), {
    blobs: { done: 1, all: 3 },
    bytes: { done: 2048, all: 4096 },
    rate: 512,
    running: [{ planned: a, bytes: 1024 }],
  });
});

test("the rate is that of the last seconds, and none where nothing moves", () => {
  let now = 0;
  const state = progressState(() => now);
  state.take(planned);
  state.take({ type: "started", blob: a.blob, action: "copy" });
  state.take({ type: "moved", blob: a.blob, bytes: 2000 });
  now = 1000;
  assert.equal(state.snapshot()?.rate, 2000);
  now = 10_000;
  assert.equal(state.snapshot()?.rate, undefined);
});

test("a blob that is begun anew counts from nothing", () => {
  const state = progressState(() => 5);
  state.take(planned);
  state.take({ type: "moved", blob: a.blob, bytes: 1500 });
  state.take({ type: "started", blob: a.blob, action: "copy" });
  assert.equal(state.snapshot()?.bytes.done, 0);
});

test("when all is done there is nothing to show, until more is planned", () => {
  const state = progressState(() => 5);
  state.take({ type: "planned", blobs: 1, bytes: 2048, parts: [a] });
  state.take({ type: "finished", blob: a.blob, as: a.blob });
  assert.equal(state.snapshot(), undefined);
  state.take({ type: "planned", blobs: 1, bytes: 1024, parts: [b] });
  assert.deepEqual(state.snapshot()?.bytes, { done: 2048, all: 3072 });
});

test("faults/58: a clock that stands still divides nothing by zero", () => {
  const state = progressState(() => 5);
  state.take(planned);
  state.take({ type: "moved", blob: a.blob, bytes: 1 });
  assert.equal(state.snapshot()?.rate, undefined);
});
