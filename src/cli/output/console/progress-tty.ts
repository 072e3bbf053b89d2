import ora from "ora";
import type { ProgressDisplay } from "./progress-display.js";
import { progressTotals } from "./progress-totals.js";
import { writeNews } from "./streams.js";

/** Lines on the terminal that move, the sum and one for each blob under way; they are gone when the command ends. */
export function ttyProgress(colored: boolean): ProgressDisplay {
  const sum = progressTotals(() => performance.now());
  // Standard input is left alone, or Ctrl-C would no longer reach us as a signal.
  const spinner = ora({ stream: process.stderr, discardStdin: false, hideCursor: false, color: colored && "cyan" });
  const show = () => {
    const line = sum.line();
    if (line === undefined) return;
    const { columns, rows = usualRows } = process.stderr;
    const lines = [line, ...sum.running().map((blob) => `  ${blob}`)].slice(0, Math.max(rows - 1, 1));
    spinner.text = lines.map((text) => text.slice(0, Math.max(columns - 3, 1))).join("\n");
    if (!spinner.isSpinning) spinner.start();
  };
  return {
    take: (event) => {
      sum.take(event);
      show();
    },
    print: (line) => {
      spinner.clear();
      writeNews(line);
    },
    close: () => {
      spinner.stop();
    },
  };
}

/** Of a terminal that does not say. */
const usualRows = 24;
