import { OciEncError } from "../../../errors.js";
import type { Answer } from "./connections.js";
import { final } from "./host-health.js";
import { isPassing } from "./retry.js";

/** What one try came to, as far as it decides on another. */
export type Attempted = Pick<Answer, "status" | "header" | "discard">;

/** When to give up, and how to wait. */
export interface RetryRules {
  /** Whether doing it twice is as good as once. Else only a 429, which says that it was not done, is followed by another try. */
  readonly repeat: boolean;
  readonly times: number;
  /** Before repetition `tried`, counted from 0. */
  pause(tried: number, retryAfter: string | undefined): Promise<void>;
}

/** Tries, and tries again where that may help and may be done. What then still fails is not to be retried further up. */
export async function retryLoop<T extends Attempted>(attempt: () => Promise<T>, how: RetryRules): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    const outcome = await attempt().catch(asExpected);
    const again = worthRepeating(outcome, how.repeat);
    if (!again || tried >= how.times) return conclude(outcome, again);
    if (outcome instanceof OciEncError) {
      await how.pause(tried, undefined);
    } else {
      await outcome.discard();
      await how.pause(tried, outcome.header("retry-after"));
    }
  }
}

function worthRepeating(outcome: Attempted | OciEncError, repeat: boolean): boolean {
  if (outcome instanceof OciEncError) return repeat && outcome.retryable;
  return repeat ? isPassing(outcome.status) : outcome.status === 429;
}

function conclude<T extends Attempted>(outcome: T | OciEncError, exhausted: boolean): T {
  if (!(outcome instanceof OciEncError)) return outcome;
  throw exhausted ? final(outcome) : outcome;
}

function asExpected(error: unknown): OciEncError {
  if (error instanceof OciEncError) return error;
  throw error;
}
