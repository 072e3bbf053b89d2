import type { Progress } from "../../../progress.js";

/** Shows events until it is closed. Warnings and debug events are not its affair, except as JSON lines. */
export interface ProgressDisplay {
  readonly take: Progress;
  /** Prints a line without tearing what is on the terminal. */
  print(line: string): void;
  close(): void;
}
