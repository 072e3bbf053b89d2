import type { Progress } from "../../progress.js";

/** Who may speak while an image is judged, and when it has to end. */
export interface JudgeContext {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}
