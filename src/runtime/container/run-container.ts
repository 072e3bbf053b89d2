import { OciEncError } from "../../errors.js";
import type { OwnerIds } from "../../unpack/ownership.js";
import type { Holder } from "./holder.js";
import { relayStreams } from "./standard-streams.js";
import { startProgram } from "./start-program.js";

/** How a container in a holder is run. */
export interface HeldOptions {
  /** Its standard streams go through FIFOs, as the holder was told. */
  readonly relay: boolean;
  readonly ids: OwnerIds | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Runs the bundle in a holder to its end, and gives the status. What the signal is aborted with, unless a signal did that. */
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
    throw new OciEncError("LOCAL_IO", "not all that the container wrote could be passed on", {
      hint: "see whether the disk behind standard output or standard error is full",
    });
  }
  return status;
}

/**
 * Runs a runtime without a holder. With `relay` its standard streams are pipes, for the same reason as in a holder. Throws
 * alike, and UNSUPPORTED when it cannot be started.
 */
export async function runPlainly(
  [runtime = "", ...args]: readonly string[],
  { relay, signal }: Pick<HeldOptions, "relay" | "signal">,
): Promise<number> {
  const { child, ended } = startProgram(runtime, args, relay ? "pipe" : "inherit");
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  if (child.stdin) {
    // A container need not read to the end of what it is given.
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

/** A runtime hands these on to the container. For a reason other than a signal there is no waiting. */
function signalToForward(signal: AbortSignal | undefined): NodeJS.Signals {
  const reason: unknown = signal?.reason;
  const name = reason instanceof OciEncError ? reason.context["signal"] : undefined;
  return forwarded.find((known) => known === name) ?? "SIGTERM";
}

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function isInterruption(signal: AbortSignal): boolean {
  return signal.reason instanceof OciEncError && signal.reason.code === "ABORTED";
}
