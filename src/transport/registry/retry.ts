import type { Environment } from "./environment.js";

/** A server that asks for a longer pause than this is asked again after this. */
const longestPause = 60_000;

/** The pause before the first repetition is at most this, and at most twice as long each time after. */
const firstPause = 400;

/** Answers after which the same request may fare better. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** `Retry-After` in milliseconds from `now`, never negative; undefined when absent or garbage. RFC 9110, section 10.2.3. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * How long to wait before repetition number `attempt` (0 for the first), in milliseconds: what the server asks for,
 * capped, or else exponential backoff with jitter, so that clients that failed together do not come back together.
 */
export function pauseBefore(
  attempt: number,
  retryAfter: string | undefined,
  environment: Pick<Environment, "random" | "now">,
): number {
  const asked = parseRetryAfter(retryAfter, environment.now());
  const jitter = environment.random();
  if (asked !== undefined) return Math.min(asked + jitter * firstPause, longestPause);
  const ceiling = Math.min(firstPause * 2 ** attempt, longestPause / 2);
  return ceiling / 2 + (jitter * ceiling) / 2;
}
