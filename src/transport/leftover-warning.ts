import type { Progress } from "../progress.js";

/** How many files of a killed command went, and how many had to stay for which reason. */
export interface LeftoverCounts {
  readonly removed: number;
  readonly kept: number;
  readonly why?: string | undefined;
}

/** Tells what became of what a killed command had left; says nothing of nothing. */
export function warnLeftovers(progress: Progress, { removed, kept, why = "" }: LeftoverCounts): void {
  const left = "of a command that was killed, which may be plain";
  if (removed > 0) {
    progress({ type: "warning", code: "PLAIN_BLOBS_REMOVED", message: `removed ${removed} blobs ${left}` });
  }
  if (kept > 0) progress({ type: "warning", code: "PLAIN_BLOBS_KEPT", message: `${kept} blobs ${left}, stay: ${why}` });
}
