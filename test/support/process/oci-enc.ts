import { type ChildProcess, fork, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { PeerResult } from "./peer.js";
import "./test-variables.js";

/** How to run the command line. */
export interface RunOptions {
  /** Where relative paths start; default this process's directory. */
  readonly cwd?: string;
  /** Beside what this process has; undefined takes a variable away. */
  readonly env?: NodeJS.ProcessEnv;
  /** What it reads on standard input; default nothing. */
  readonly input?: string | Uint8Array;
  /** Whether it gets a process of its own; default: when something of it can be seen with one only. */
  readonly alone?: boolean;
}

/** One run, as `command-line-host` is told of it. */
export interface HostedRun {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string | Uint8Array;
}

/** The file that starts the command line. */
export const ociEncProgram: string = join(process.cwd(), "bin", "oci-enc.js");

/**
 * Runs `oci-enc` to its end. Does not throw for a status other than 0. Runs that need no process of their own share one
 * beside this one, where each takes milliseconds: its directory and environment are set for each run. What Node does when it
 * starts and ends, signals, streams that are closed early, and what a command that has ended leaves to the next one, which
 * sees that its process is gone, can be seen with {@link ociEncProcess} only.
 */
export async function ociEnc(args: readonly string[], options: RunOptions = {}): Promise<PeerResult> {
  if (options.alone ?? needsProcess(args, options)) return await ociEncProcess(args, options);
  const host = idle.pop() ?? startHost();
  hold(host, true);
  const { cwd = process.cwd(), env, input = "" } = options;
  const result = await answerOf(host, { args, cwd, env: { ...process.env, ...env }, input });
  hold(host, false);
  idle.push(host);
  return result;
}

/** Runs `oci-enc` to its end in a process of its own; a signal's status is -1. */
export async function ociEncProcess(
  args: readonly string[],
  { cwd, env, input }: RunOptions = {},
): Promise<PeerResult> {
  const child = spawn(process.execPath, [ociEncProgram, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {
    // It ended without reading everything; its status and words say why.
  });
  child.stdin.end(input ?? "");
  const status = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}

/** Hosts that run nothing now. Several runs at the same time have a host each. */
const idle: ChildProcess[] = [];

/**
 * Whether a run reads descriptors of the process or hands them on, asks for what only the start of Node reads, or makes
 * the process remember something: a variable that names a passphrase is kept from children until the process ends.
 */
function needsProcess(args: readonly string[], { env = {} }: RunOptions): boolean {
  const [command = "-"] = args;
  return (
    command.startsWith("-") ||
    ["run", "decoder"].includes(command) ||
    args.some((arg) => /^-$|:-$|\/dev\/|\b(?:env|fd)=/.test(arg)) ||
    Object.keys(env).some((name) => /^(?:NODE_|LD_|TZ$)/.test(name))
  );
}

function startHost(): ChildProcess {
  const program = fileURLToPath(new URL("../programs/command-line-host.js", import.meta.url));
  return fork(program, [], { execArgv: [], serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** An idle host does not keep this process alive, and ends with it. */
function hold(host: ChildProcess, alive: boolean): void {
  if (alive) host.ref();
  else host.unref();
  if (alive) host.channel?.ref();
  else host.channel?.unref();
}

function answerOf(host: ChildProcess, run: HostedRun): Promise<PeerResult> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`the process ended in the midst of oci-enc ${run.args.join(" ")}`));
    host.once("exit", ended);
    host.once("message", (result: PeerResult) => {
      host.off("exit", ended);
      resolve(result);
    });
    host.send(run);
  });
}
