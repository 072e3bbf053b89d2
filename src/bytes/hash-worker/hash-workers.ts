import os from "node:os";
import { type HashWorker, startHashWorker } from "./hash-worker.js";

/**
 * How many threads may hash beside this one: one for each other core, and at most two because of their memory. None if Node's
 * permissions forbid them.
 */
export const hashWorkerLimit: number =
  process.permission?.has("worker") === false ? 0 : Math.min(2, os.availableParallelism() - 1);

const running: HashWorker[] = [];

/** The worker with the fewest hashers, or a new one while all are busy and the limit allows it. */
export function leastLoadedWorker(): HashWorker {
  const alive = running.filter((worker) => !worker.isDead);
  const best = alive.reduce<HashWorker | undefined>(
    (one, other) => (one && one.load <= other.load ? one : other),
    undefined,
  );
  if (best && (best.load === 0 || alive.length >= hashWorkerLimit)) return best;
  const started = startHashWorker();
  running.splice(0, running.length, ...alive, started);
  return started;
}
