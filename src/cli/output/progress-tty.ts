import ora from "ora";
import type { ProgressDisplay } from "./progress-display.js";
import { writeNews } from "./streams.js";
import { tally } from "./tally.js";

/** One line on the terminal that moves; it is gone when the command ends. */
export function ttyProgress(colored: boolean): ProgressDisplay {
  const sum = tally(() => performance.now());
  // Standard input is left alone, or Ctrl-C would no longer reach us as a signal.
  const spinner = ora({ stream: process.stderr, discardStdin: false, hideCursor: false, color: colored && "cyan" });
  const show = () => {
    const line = sum.line();
    if (line === undefined) return;
    const room = Math.max(process.stderr.columns - 3, 1);
    spinner.text = line.slice(0, room);
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
