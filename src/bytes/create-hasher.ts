import { hashWorkerLimit, leastLoadedWorker } from "./hash-worker/hash-workers.js";
import { type Hasher, type HashOptions, localHasher } from "./hash-worker/hasher.js";

/** How to hash. */
export interface HasherOptions extends HashOptions {
  /** The expected number of bytes, as far as known; only speed depends on it. */
  readonly size: number;
  /** Use another thread only if this machine allows so many of them; default 1. */
  readonly threads?: number | undefined;
}

/**
 * A hasher for a stream: on this thread or, when the process has much to hash, on another one. Then it fails (INTERNAL,
 * retryable) if that thread dies.
 */
export function createHasher(options: HasherOptions): Hasher {
  const { size, threads = 1 } = options;
  expected += size;
  const isWorthWhile = size >= smallest && expected >= enough && threads <= hashWorkerLimit;
  return isWorthWhile ? leastLoadedWorker().open(options) : localHasher(options);
}

/** Streams with fewer bytes are hashed on this thread: passing them to another one costs more. */
const smallest = 256 * 1024;

/** Bytes that take longer to hash than it takes to start a thread. */
const enough = 128 * 1024 * 1024;

/** Bytes that this process was asked to hash so far. */
let expected = 0;
