import { performance } from "node:perf_hooks";
import type { Paint } from "./paint.js";
import type { ProgressDisplay } from "./progress-display.js";
import { type ProgressLine, progressLines } from "./progress-lines.js";
import { progressState } from "./progress-state.js";

/** A terminal, as `process.stderr` is one. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number | undefined;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

/** What the terminal can do. */
export interface TerminalForm {
  readonly paint: Paint;
  readonly unicode: boolean;
  /** Whether it breaks lines anew when it becomes narrow; else it cuts them. */
  readonly reflows: boolean;
}

/** Of a terminal that does not say. */
const usualRows = 24;

/** Milliseconds between two pictures. */
const interval = 200;

/**
 * Lines on the terminal that move; they are gone when all is done. The cursor stays to be seen, at the start of the line below
 * them, so that a terminal is as it should be however the process ends.
 */
export function terminalProgress(terminal: Terminal, form: TerminalForm): ProgressDisplay {
  const state = progressState(() => performance.now());
  let shown: readonly ProgressLine[] = [];
  let closed = false;
  const draw = (above: readonly string[] = []) => {
    const snapshot = closed ? undefined : state.snapshot();
    const back = shown.reduce((sum, { width }) => sum + rowsOf(width, terminal.columns, form), 0);
    // A line that fills its row to the last cell is two rows to some terminals.
    const columns = Math.max(terminal.columns - 1, 1);
    const rows = Math.max((terminal.rows ?? usualRows) - 1, 1);
    shown = snapshot ? progressLines(snapshot, { ...form, columns, rows }) : [];
    const text = [...above, ...shown.map((line) => line.text)].map((line) => `${line}\n`).join("");
    if (back > 0 || text !== "") terminal.write(`${erasing(back)}${text}`);
  };
  const redraw = () => draw();
  const timer = setInterval(redraw, interval).unref();
  terminal.on("resize", redraw);
  return {
    take(event) {
      state.take(event);
      // Whoever comes next may write to the terminal without asking, as a container does.
      if (event.type === "finished" && shown.length > 0 && state.snapshot() === undefined) draw();
    },
    print(line) {
      draw([line]);
    },
    close() {
      clearInterval(timer);
      terminal.off("resize", redraw);
      closed = true;
      draw();
    },
  };
}

/**
 * Back to the first of so many rows, and all of them empty. Not from the very first cell: of a screen that is cleared from there,
 * tmux keeps a copy in its history.
 */
function erasing(rows: number): string {
  return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[C\x1b[J\r\x1b[K`;
}

function rowsOf(width: number, columns: number, { reflows }: TerminalForm): number {
  return reflows ? Math.max(Math.ceil(width / columns), 1) : 1;
}
