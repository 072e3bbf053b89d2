import type { GrowthLimits } from "../bytes/budget.js";
import type { Progress } from "../progress.js";

/** How to read or write an archive. */
export interface ArchiveOptions {
  /** Where scratch files are made; default the system's directory for temporary files. */
  readonly tmpdir?: string | undefined;
  /** How far a compressed archive may grow; defaults in docs/limits.md. */
  readonly limits?: GrowthLimits | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}
