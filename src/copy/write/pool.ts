import { throwIfAborted } from "../../bytes/abortable.js";

/** A piece of work that stops early when `signal` says so. */
export type Job = (signal: AbortSignal) => Promise<void>;

/**
 * Runs jobs, `width` at once, in their order. The first failure stops the others, and is thrown when all have ended; so is
 * an abort from outside.
 */
export async function pool(jobs: readonly Job[], width: number, outer: AbortSignal | undefined): Promise<void> {
  const stop = new AbortController();
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
  const waiting = jobs.values();
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (const job of waiting) {
      if (signal.aborted) return;
      try {
        await job(signal);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, jobs.length) }, worker));
  if (failure) throw failure.error;
  throwIfAborted(outer);
}
