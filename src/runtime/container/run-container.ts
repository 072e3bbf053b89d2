import { OciEncError } from "../../errors.js";
import type { OwnerIds } from "../../unpack/ownership.js";
import type { Holder } from "./holder.js";
import { relayStreams } from "./standard-streams.js";
import { startRuntimeProgram } from "./start-program.js";

/** How to run a container. */
export interface HeldOptions {
  /** Its standard streams go through FIFOs; must match `streams` of the holder. */
  readonly relay: boolean;
  readonly ids: OwnerIds | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Runs the bundle in a holder, and returns its exit status. Throws the reason of `signal`, unless that is a process signal. */
export async function runHeld(holder: Holder, { relay, ids, signal }: HeldOptions): Promise<number> {
  const relays = relay ? await relayStreams(holder.directory, ids) : undefined;
  let whole: boolean | undefined;
  let status: number;
  try {
    const container = await holder.start();
    relays?.opened();
    status = await ending(container, signal);
  } finally {
    whole = await relays?.finish();
  }
  if (status === 0 && whole === false) {
    throw new OciEncError("LOCAL_IO", "the output of the container could not be written completely", {
      hint: "check whether the disk of standard output or standard error is full",
    });
  }
  return status;
}

/**
 * Runs a runtime without a holder. With `relay` its standard streams are pipes, for the same reason as in a holder. The same
 * errors, and UNSUPPORTED when it cannot be started.
 */
export async function runPlainly(
  [runtime = "", ...args]: readonly string[],
  { relay, signal }: Pick<HeldOptions, "relay" | "signal">,
): Promise<number> {
  const { child, ended } = startRuntimeProgram(runtime, args, relay ? "pipe" : "inherit");
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  if (child.stdin) {
    // A container need not read all of its input.
    process.stdin.pipe(child.stdin.on("error", () => {}));
  }
  try {
    return await ending({ ended, kill: (name) => child.kill(name) }, signal);
  } finally {
    if (child.stdin) process.stdin.unpipe(child.stdin).destroy();
  }
}

/** A container that runs. */
interface Running {
  readonly ended: Promise<number>;
  kill(name: NodeJS.Signals): void;
}

async function ending({ ended, kill }: Running, signal: AbortSignal | undefined): Promise<number> {
  const forward = () => kill(signalToForward(signal));
  signal?.addEventListener("abort", forward, { once: true });
  if (signal?.aborted) forward();
  try {
    const status = await ended;
    if (signal?.aborted && !isInterruption(signal)) throw signal.reason;
    return status;
  } finally {
    signal?.removeEventListener("abort", forward);
  }
}

/** The signal to send to the runtime, which passes it on to the container. SIGTERM if no process signal is the reason. */
function signalToForward(signal: AbortSignal | undefined): NodeJS.Signals {
  const reason: unknown = signal?.reason;
  const name = reason instanceof OciEncError ? reason.context["signal"] : undefined;
  return forwarded.find((known) => known === name) ?? "SIGTERM";
}

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function isInterruption(signal: AbortSignal): boolean {
  return signal.reason instanceof OciEncError && signal.reason.code === "ABORTED";
}
