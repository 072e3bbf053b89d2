import { hashWorkerLimit, leastLoadedWorker } from "./hash-worker/hash-workers.js";
import { type Hasher, type HashOptions, localHasher } from "./hasher.js";

/** How to hash, and how much is to be expected; only speed depends on the latter. */
export interface HasherOptions extends HashOptions {
  /** Bytes, as far as known. */
  readonly size: number;
  /** How many other threads there must be for one of them to do it; default 1. */
  readonly threads?: number | undefined;
}

/**
 * A hasher for a stream: on this thread, or on one beside it as soon as the process has so much to hash that it is worth
 * while. Then it fails (INTERNAL, retryable) if that thread dies.
 */
export function createHasher(options: HasherOptions): Hasher {
  const { size, threads = 1 } = options;
  expected += size;
  const isWorthWhile = size >= smallest && expected >= enough && threads <= hashWorkerLimit;
  return isWorthWhile ? leastLoadedWorker().open(options) : localHasher(options);
}

/** Bytes for which going to another thread and back costs little. */
const smallest = 256 * 1024;

/** Bytes that take longer to hash than a thread takes to start. */
const enough = 128 * 1024 * 1024;

/** Bytes that this process has been asked to hash. */
let expected = 0;
