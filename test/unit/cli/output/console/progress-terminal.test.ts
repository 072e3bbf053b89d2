import assert from "node:assert/strict";
import { test } from "node:test";
import { plainPaint } from "../../../../../src/cli/output/console/paint.js";
import { terminalProgress } from "../../../../../src/cli/output/console/progress-terminal.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import type { PlannedBlob } from "../../../../../src/progress.js";
import { Screen } from "../../../../support/process/screen.js";

const part: PlannedBlob = {
  blob: { mediaType: "x", digest: digestOf(Buffer.from("a")), size: 4096 },
  action: "encrypt",
  part: "layer",
  index: 0,
  platform: "linux/amd64",
};

function started(screen: Screen) {
  const display = terminalProgress(screen, { paint: plainPaint, unicode: false, reflows: true });
  display.take({ type: "planned", blobs: 1, bytes: 4096, parts: [part] });
  display.take({ type: "started", blob: part.blob, action: "rewrite" });
  return display;
}

test("messages stand above the moving lines, which are gone at the end", () => {
  const screen = new Screen();
  const display = started(screen);
  display.print("one");
  display.print("two");
  assert.deepEqual(
    screen.lines.map((line) => line.slice(0, 9)),
    ["one", "two", "  0% ----", "  layer 0", ""],
  );
  display.close();
  assert.deepEqual(screen.lines, ["one", "two", ""]);
  display.close();
  assert.deepEqual(screen.lines, ["one", "two", ""]);
});

test("a terminal that is resized has the lines once, as wide as it is now, and what stood above", () => {
  const screen = new Screen();
  const display = started(screen);
  display.print("above");
  for (const columns of [40, 160, 20, 80]) {
    screen.resize(columns);
    assert.equal(screen.lines[0], "above");
    assert.equal(screen.lines.length, 4, JSON.stringify(screen.lines));
    assert.ok(screen.lines.every((line) => line.length < columns));
  }
  display.close();
  assert.deepEqual(screen.lines, ["above", ""]);
});

test("the lines go as soon as the last blob is there, before anybody else writes", () => {
  const screen = new Screen();
  const display = started(screen);
  display.print("above");
  display.take({ type: "finished", blob: part.blob, as: part.blob });
  assert.deepEqual(screen.lines, ["above", ""]);
  display.close();
});

test("the cursor is never hidden, so that no end of the process leaves it so", () => {
  const screen = new Screen();
  const display = started(screen);
  display.print("above");
  display.close();
  assert.doesNotMatch(screen.written.join(""), /\x1b\[\?/);
});
