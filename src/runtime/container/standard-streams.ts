import { chownSync, closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { ioError } from "../../errors.js";
import { runTool } from "../../process/system-tool.js";
import type { OwnerIds } from "../../unpack/ownership.js";
import { type Started, startProgram } from "./start-program.js";

/** What carries the bytes between this process's standard streams and those of a container. */
export interface Relays {
  /** The container has its ends now: so each FIFO ends when either side lets go of it. */
  opened(): void;
  /** After the container has ended: waits until all that it wrote has been passed on. False when not all of it could be. */
  finish(): Promise<boolean>;
}

/** The FIFOs, in the order of the descriptors. */
const streamNames: readonly string[] = ["stdin", "stdout", "stderr"];

/**
 * Makes FIFOs `stdin`, `stdout` and `stderr` in `directory`, which belong to the container's root, and passes on what goes
 * through them. A runtime may hand on the standard streams as they are, and give them to the container's user, and crun does
 * both: as /proc/self/fd/0 the container could open a file of this machine anew to write to it, or pass through a directory.
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
      // A reader who has gone away ends it by a signal, and is no failure.
      return !ends.includes(writeError);
    },
  };
}

interface Relay {
  readonly started: Started;
  /** Lets go of the FIFO, so that its ends are those of the container and the relay alone. */
  release(): void;
}

/** What cat ends with when it cannot write. */
const writeError = 1;

/** Between the FIFO at `path` and one of this process's descriptors: from it for 0, to it for the others. */
function startRelay(path: string, descriptor: number): Relay {
  // With both ends open nobody has to wait until the other end is.
  const both = openFifo(path, constants.O_RDWR | constants.O_NONBLOCK);
  const end = openFifo(path, descriptor === 0 ? constants.O_WRONLY : constants.O_RDONLY);
  const streams = descriptor === 0 ? [0, end] : [end, descriptor];
  // Signals from the keyboard are for the container, whose last words are still to be passed on.
  const started = startProgram(
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
