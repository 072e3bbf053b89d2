import { OciEncError } from "../../errors.js";

/** What one check of this machine came to. */
export interface MachineFinding {
  /** What was looked at, as the table of checks names it, or as `runtime check` does. */
  readonly what: string;
  /** `missing`: it is not here, and not everybody needs it. `wrong`: commands that use it fail. */
  readonly verdict: "good" | "missing" | "warning" | "wrong";
  readonly message: string;
  /** How to get or repair it; undefined when that is not necessary. */
  readonly remedy: string | undefined;
}

/** A finding before it is known for what. */
export type Found = Omit<MachineFinding, "what">;

/** It works. */
export function good(message: string): Found {
  return { verdict: "good", message, remedy: undefined };
}

/** It is not here; `remedy` says how to get it, and who needs it. */
export function missing(message: string, remedy: string): Found {
  return { verdict: "missing", message, remedy };
}

/** It works, and something about it is not as it should be. */
export function warning(message: string, remedy: string): Found {
  return { verdict: "warning", message, remedy };
}

/** It is here, and does not work. */
export function wrong(message: string, remedy: string): Found {
  return { verdict: "wrong", message, remedy };
}

/** What `look` finds; what it throws is wrong, with the hint as the remedy. Bugs are thrown on. */
export async function attempt(look: () => Promise<Found | readonly Found[]>): Promise<readonly Found[]> {
  try {
    const found = await look();
    return "verdict" in found ? [found] : found;
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    return [wrong(error.message, error.hint ?? "repair it, or take it away")];
  }
}
