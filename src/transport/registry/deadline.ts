import { OciEncError } from "../../errors.js";

/** A signal that also aborts after a time. Dispose of it when the work is done. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** `what` has `milliseconds`, else its signal aborts with UNAVAILABLE (retryable); it aborts with `outer`, too. */
export function startDeadline(what: string, milliseconds: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const giveUp = () =>
    controller.abort(
      new OciEncError("UNAVAILABLE", `${what} was not there whole after ${milliseconds / 1000} s`, { retryable: true }),
    );
  const follow = () => controller.abort(outer?.reason);
  const timer = setTimeout(giveUp, milliseconds);
  timer.unref();
  if (outer?.aborted) follow();
  else outer?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", follow);
    },
  };
}
