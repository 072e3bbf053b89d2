import assert from "node:assert/strict";
import { test } from "node:test";
import { plainPaint } from "../../../../../src/cli/output/console/paint.js";
import { type Terminal, terminalProgress } from "../../../../../src/cli/output/console/progress-terminal.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import type { PlannedBlob } from "../../../../../src/progress.js";

/** A terminal that shows rows, and breaks them anew when it is resized. */
class Screen implements Terminal {
  columns = 80;
  readonly rows = 24;
  /** Lines as they were written, the cursor at the start of the last one. */
  #lines: string[] = [""];
  #resized: () => void = () => undefined;
  readonly written: string[] = [];

  on(_: "resize", listener: () => void) {
    this.#resized = listener;
  }

  off() {
    this.#resized = () => undefined;
  }

  resize(columns: number) {
    this.columns = columns;
    this.#resized();
  }

  write(text: string) {
    this.written.push(text);
    const up = /^\x1b\[(\d+)A\r\x1b\[C\x1b\[J\r\x1b\[K/.exec(text);
    for (let rows = Number(up?.[1] ?? 0); rows > 0; ) {
      this.#lines.pop();
      rows -= Math.max(Math.ceil((this.#lines.at(-1) ?? "").length / this.columns), 1);
      this.#lines[this.#lines.length - 1] = "";
    }
    const [first = "", ...rest] = text.slice(up?.[0].length ?? 0).split("\n");
    assert.doesNotMatch(text.slice(up?.[0].length ?? 0), /\x1b/, "only the beginning moves the cursor");
    this.#lines[this.#lines.length - 1] += first;
    this.#lines.push(...rest);
  }

  get lines() {
    return this.#lines;
  }
}

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
