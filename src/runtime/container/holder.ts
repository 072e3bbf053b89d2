import { closeSync, constants, fstatSync, openSync, realpathSync, statSync } from "node:fs";
import { resolve, sep } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { OciEncError } from "../../errors.js";
import { findProgram } from "../../process/find-program.js";
import type { OwnerIds } from "../../unpack/ownership.js";
import { firstProcess, holderScript } from "./holder-script.js";
import { type Started, startRuntimeProgram } from "./start-program.js";

/**
 * Processes in a mount and a pid namespace of their own, with a file system in memory that nobody else sees. They end with
 * this process, however that ends, and the file system with them.
 */
export interface Holder {
  /** The path of the file system for this process. */
  readonly directory: string;
  /** Starts the runtime. LOCAL_IO when the kernel refuses a step. */
  start(): Promise<HeldContainer>;
  /** Ends everything. */
  end(): Promise<void>;
}

/** A runtime that runs in a holder. */
export interface HeldContainer {
  /** Its exit status. */
  readonly ended: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** How to make a holder. */
export interface HolderOptions {
  /** Size of the file system until the runtime starts, in bytes. */
  readonly limit: number;
  /** The ids whose root user owns the file system; undefined: the caller owns it. */
  readonly ids: OwnerIds | undefined;
  /** Paths that the runtime needs: the file system must not be mounted over them. */
  readonly visible: readonly string[];
  /** Standard streams: the caller's own, or FIFOs `stdin`, `stdout` and `stderr` in the file system. */
  readonly streams: "inherit" | "relay";
  /** The runtime's command line, for a bundle at `point`. */
  command(point: string): readonly string[];
}

/** Directories to mount the file system on; the mount is in a namespace of its own. */
const points = ["/dev/shm", "/mnt", "/media", "/srv", "/opt"];

/** Undefined: util-linux is not installed, or namespaces are not allowed. */
export async function startHolder(options: HolderOptions): Promise<Holder | undefined> {
  const [setpriv, unshare] = [await findProgram("setpriv"), await findProgram("unshare")];
  const point = choosePoint(options.visible);
  if (setpriv === undefined || unshare === undefined || point === undefined) return undefined;
  const user = process.geteuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const owner = options.ids ? `,uid=${options.ids.users.first},gid=${options.ids.groups.first}` : "";
  const started = startRuntimeProgram(
    setpriv,
    [
      ...["--pdeathsig", "KILL", "--", unshare, ...user, "--mount", "--pid", "--fork", "--kill-child=KILL", "--"],
      ...["sh", "-c", firstProcess, holderScript, point],
      ...[`size=${options.limit},mode=0700,nosuid,nodev${owner}`, "size=50%,nosuid,nodev", options.streams],
      ...options.command(point),
    ],
    ["inherit", "inherit", "ignore", "pipe", "pipe", 2],
  );
  const told = linesFrom(started);
  const pid = /^pid ([1-9]\d{0,9})$/.exec((await told.next()) ?? "")?.[1];
  const handle = pid === undefined ? undefined : openPoint(Number(pid), point);
  if (pid !== undefined && handle !== undefined) return new Held({ started, told, pid: Number(pid), handle });
  await kill(started);
  return undefined;
}

class Held implements Holder {
  readonly directory: string;
  readonly #parts: HolderParts;

  constructor(parts: HolderParts) {
    this.#parts = parts;
    this.directory = `/proc/self/fd/${parts.handle}`;
  }

  async start(): Promise<HeldContainer> {
    const { started, told, pid } = this.#parts;
    goPipe(started).write("go\n");
    if ((await told.next()) !== "run") {
      throw new OciEncError("LOCAL_IO", "cannot prepare a file system for the container");
    }
    return { ended: started.ended, kill: (signal) => sendSignal(pid, started, signal) };
  }

  async end(): Promise<void> {
    closeSync(this.#parts.handle);
    await kill(this.#parts.started);
  }
}

interface HolderParts {
  readonly started: Started;
  readonly told: Lines;
  /** The process id, in this namespace, of the process that becomes the runtime. */
  readonly pid: number;
  /** The open directory of the file system: it stays valid when the process id is reused. */
  readonly handle: number;
}

/** Lines that come in one by one. */
interface Lines {
  /** Undefined: there are no more. */
  next(): Promise<string | undefined>;
}

function linesFrom({ child }: Started): Lines {
  const lines = createInterface({ input: readablePipe(child.stdio[3]) })[Symbol.asyncIterator]();
  return {
    async next() {
      const line = await lines.next();
      return line.done ? undefined : line.value;
    },
  };
}

function readablePipe(stream: Readable | Writable | null | undefined): Readable {
  if (stream && "read" in stream) return stream;
  throw new Error("a program was started without its pipes");
}

function goPipe({ child }: Started): Writable {
  const stream = child.stdio[4];
  if (stream && "write" in stream) {
    // If the process has ended, its missing answer tells.
    return stream.on("error", () => {});
  }
  throw new Error("a program was started without its pipes");
}

/** Undefined: the kernel refuses, or nothing is mounted there. */
function openPoint(pid: number, point: string): number | undefined {
  try {
    const handle = openSync(`/proc/${pid}/root${point}`, constants.O_RDONLY | constants.O_DIRECTORY);
    if (fstatSync(handle).dev !== statSync(point).dev) return handle;
    closeSync(handle);
    return undefined;
  } catch {
    // The caller then uses the disk.
    return undefined;
  }
}

/** Undefined: each would cover a path that the runtime needs. */
function choosePoint(visible: readonly string[]): string | undefined {
  const needed = visible.map(realPath);
  return points.find((point) => {
    const real = realPath(point);
    return isDirectory(real) && real === point && !needed.some((path) => path === real || path.startsWith(real + sep));
  });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The path without links; unchanged if it does not exist. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** Sends it to the runtime itself, as the processes in between do not pass signals on. */
function sendSignal(pid: number, { child }: Started, signal: NodeJS.Signals): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

/** The first process of the namespaces dies with its parent, and the kernel then ends all others in them. */
async function kill({ child, ended }: Started): Promise<void> {
  child.kill("SIGKILL");
  await ended.catch(() => undefined);
}
