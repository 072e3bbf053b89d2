import assert from "node:assert/strict";
import type { Terminal } from "../../../src/cli/output/console/progress-terminal.js";

/** A terminal that shows rows, and breaks them anew when it is resized. */
export class Screen implements Terminal {
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
