/** Milliseconds before the first repetition, at most. */
export const firstBackoff = 500;

/** Milliseconds that no pause between two tries exceeds, unless a server asks for it. */
export const longestBackoff = 40_500;

/**
 * How long to wait before repetition number `attempt` (0 for the first), in milliseconds: each time three times as long, so that
 * a short trouble costs little and five repetitions are spread over about a minute. `random`, from 0 to 1, keeps those apart
 * that failed together.
 */
export function backoff(attempt: number, random: number): number {
  return Math.min(firstBackoff * 3 ** attempt, longestBackoff) * (0.75 + random / 4);
}
