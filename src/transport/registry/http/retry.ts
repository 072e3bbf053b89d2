import { backoff, firstBackoff } from "../../backoff.js";
import type { Environment } from "./environment.js";

/** Milliseconds: a server that asks for a longer pause than this is asked again after this. */
export const longestRetryAfter = 60_000;

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
 * How long to wait before repetition number `attempt` (0 for the first), in milliseconds: what the server asks for, if that
 * is neither shorter than our own pause nor longer than a minute.
 */
export function pauseBefore(
  attempt: number,
  retryAfter: string | undefined,
  environment: Pick<Environment, "random" | "now">,
): number {
  const random = environment.random();
  const own = backoff(attempt, random);
  const asked = parseRetryAfter(retryAfter, environment.now());
  if (asked === undefined) return own;
  return Math.min(Math.max(asked + random * firstBackoff, own), longestRetryAfter);
}
