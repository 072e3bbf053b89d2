import os from "node:os";
import { type Lane, startLane } from "./hash-worker.js";

/**
 * Threads that may hash beside this one: one for each other core, and not so many that their memory would tell. None where
 * Node's permissions forbid them.
 */
export const mostLanes: number =
  process.permission?.has("worker") === false ? 0 : Math.min(2, os.availableParallelism() - 1);

const running: Lane[] = [];

/** The lane with the least to do, or a new one while all have something to do and a core is left for it. */
export function leastLoadedLane(): Lane {
  const alive = running.filter((lane) => !lane.isDead);
  const best = alive.reduce<Lane | undefined>((one, other) => (one && one.load <= other.load ? one : other), undefined);
  if (best && (best.load === 0 || alive.length >= mostLanes)) return best;
  const started = startLane();
  running.splice(0, running.length, ...alive, started);
  return started;
}
