import { setTimeout as delay } from "node:timers/promises";

/** Waits longer from attempt to attempt, from a quarter of a second up to some ten, and never twice as long. */
export async function backoff(attempt: number, signal: AbortSignal): Promise<void> {
  const most = Math.min(10_000, 250 * 2 ** attempt);
  await delay(most * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {
    // Aborted: the next attempt sees the signal and says so.
  });
}
