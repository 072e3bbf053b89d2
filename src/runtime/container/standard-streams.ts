import { chownSync, closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { ioError } from "../../errors.js";
import { runTool } from "../../process/system-tool.js";
import type { OwnerIds } from "../../unpack/ownership.js";
import { type Started, startRuntimeProgram } from "./start-program.js";

/** Copies bytes between the standard streams of this process and those of a container. */
export interface Relays {
  /** The container has opened its ends: from now on each FIFO ends when either side closes it. */
  opened(): void;
  /** After the container has ended: waits until its output has been written. False when not all of it could be. */
  finish(): Promise<boolean>;
}

/** The FIFOs, in the order of the descriptors. */
const streamNames: readonly string[] = ["stdin", "stdout", "stderr"];

/**
 * Makes FIFOs `stdin`, `stdout` and `stderr` in `directory`, which belong to the container's root, and copies what goes through
 * them. Otherwise a container could reopen a file of this machine for writing as /proc/self/fd/0, or reach other files through
 * a directory, as runtimes pass standard streams on unchanged and crun also changes their owner.
 * UNSUPPORTED, LOCAL_IO.
 */
export async function relayStreams(directory: string, ids: OwnerIds | undefined): Promise<Relays> {
  await runTool("mkfifo", ["-m", "600", ...streamNames], {
    cwd: directory,
    what: "cannot make pipes for the container",
    needs: "mkfifo of coreutils",
  });
  const relays = streamNames.map((name, descriptor) => {
    const path = join(directory, name);
    if (ids) chownSync(path, ids.users.first, ids.groups.first);
    return startRelay(path, descriptor);
  });
  return {
    opened() {
      for (const { started, release } of relays) void started.ended.then(release, release);
    },
    async finish() {
      relays[0]?.started.child.kill("SIGKILL");
      for (const { release } of relays) release();
      const [, ...ends] = await Promise.all(relays.map(({ started }) => started.ended.catch(() => undefined)));
      // When the reader of the output has closed it, cat ends by a signal. That is not a failure.
      return !ends.includes(writeError);
    },
  };
}

interface Relay {
  readonly started: Started;
  /** Closes this process's end of the FIFO. */
  release(): void;
}

/** The exit status of cat when it cannot write. */
const writeError = 1;

/** Between the FIFO at `path` and one of this process's descriptors: from it for 0, to it for the others. */
function startRelay(path: string, descriptor: number): Relay {
  // With both ends open, opening one does not wait for the other.
  const both = openFifo(path, constants.O_RDWR | constants.O_NONBLOCK);
  const end = openFifo(path, descriptor === 0 ? constants.O_WRONLY : constants.O_RDONLY);
  const streams = descriptor === 0 ? [0, end] : [end, descriptor];
  // Signals from the keyboard are for the container, whose last output must still be copied.
  const started = startRuntimeProgram(
    "setpriv",
    ["--pdeathsig", "KILL", "--", "sh", "-c", "trap '' INT TERM HUP QUIT; exec cat"],
    [...streams, "ignore"],
  );
  closeSync(end);
  let open = true;
  return {
    started,
    release() {
      if (open) closeSync(both);
      open = false;
    },
  };
}

function openFifo(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw ioError(error, "cannot open a pipe for the container");
  }
}
