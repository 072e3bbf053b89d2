import { constants } from "node:os";
import { OciEncError } from "../errors.js";

const watched = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How a command learns that it shall end before it is done. */
export interface Interruption {
  /** Aborted by the first signal, or by {@link Interruption.abort}. */
  readonly signal: AbortSignal;
  /** Ends the command for another reason: its time is over. */
  abort(reason: OciEncError): void;
  /** 128 + n once a signal has arrived; undefined before. */
  status(): number | undefined;
  /** Stops listening, so that signals have their usual effect again. */
  release(): void;
}

/** The first signal asks the command to clean up and end; the second kills the process at once. */
export function watchSignals(): Interruption {
  const controller = new AbortController();
  let status: number | undefined;
  const release = () => {
    for (const name of watched) process.off(name, interrupt);
  };
  const interrupt = (name: NodeJS.Signals) => {
    if (status !== undefined) {
      release();
      process.kill(process.pid, name);
      return;
    }
    status = 128 + constants.signals[name];
    controller.abort(new OciEncError("ABORTED", `interrupted by ${name}`, { context: { signal: name } }));
  };
  for (const name of watched) process.on(name, interrupt);
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    status: () => status,
    release,
  };
}
