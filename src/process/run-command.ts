import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { OciEncError, systemCode } from "../errors.js";
import { noticeWaiting, type Progress } from "../progress.js";
import { type ChildKind, childEnvironment, type Environment } from "./child-environment.js";

/** A program to run to its end. */
export interface Command {
  /** What it is for, which says what it gets of the environment. */
  readonly kind: ChildKind;
  readonly program: string;
  readonly args: readonly string[];
  readonly input: Uint8Array;
  /** For the program's descriptor 3, which is how gpg takes a passphrase. */
  readonly secretInput?: Uint8Array | undefined;
  /** What it gets its variables from. */
  readonly environment: Environment;
  /** More on standard output than this is a failure. */
  readonly maximumOutput: number;
  readonly timeoutMs: number;
  /** Told while the program keeps us waiting. */
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended. */
export interface CommandResult {
  readonly status: number;
  readonly output: Uint8Array;
  /** The end of standard error, for messages: at most some KiB, without control characters. */
  readonly complaint: string;
}

/**
 * Runs a program without a shell, its output and time bounded; it is killed when it exceeds them. NOT_FOUND when there
 * is no such program, KEY_PROVIDER when it cannot be started, is killed, writes too much or takes too long, ABORTED
 * when the signal says so. A status other than 0 is a result, not a failure.
 */
export async function runCommand(command: Command): Promise<CommandResult> {
  if (command.signal?.aborted) throw new OciEncError("ABORTED", "interrupted");
  const child = spawn(command.program, command.args, {
    env: childEnvironment(command, command.environment),
    stdio: ["pipe", "pipe", "pipe", command.secretInput === undefined ? "ignore" : "pipe"],
    windowsHide: true,
  });
  const { stdin, stdout, stderr } = child;
  // Node's type knows these as pipes only where there is no fourth descriptor.
  if (!stdin || !stdout || !stderr) throw new Error("a program was started without pipes");
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => reject(cannotStart(command.program, cause)));
    child.once("close", (status, signal) => {
      if (status !== null) resolve(status);
      else reject(failure(command.program, `was ended by ${signal ?? "a signal"}`));
    });
  });
  const kill = (reason: OciEncError): Promise<never> => {
    child.kill("SIGKILL");
    for (const stream of child.stdio) stream?.destroy();
    return Promise.reject(reason);
  };
  feed(stdin, command.input);
  feed(child.stdio[3], command.secretInput);
  const stopped = stopSignal(command);
  using _ = noticeWaiting(`program ${JSON.stringify(command.program.slice(0, 200))}`, command.progress);
  try {
    const [status, output, complaint] = await Promise.race([
      Promise.all([ended, readAll(stdout, command), readEnd(stderr)]),
      stopped.promise,
    ]);
    return { status, output, complaint };
  } catch (error) {
    return await kill(error instanceof OciEncError ? error : failure(command.program, "failed while running", error));
  } finally {
    stopped.clear();
  }
}

/** The end of standard error that is kept. */
const complaintSize = 2048;

/** A program that does not read its input is not at fault for that; its status tells. */
function feed(stream: Writable | Readable | null | undefined, bytes: Uint8Array | undefined): void {
  if (bytes === undefined || stream === null || stream === undefined || !("write" in stream)) return;
  stream.on("error", () => stream.destroy());
  stream.end(bytes);
}

async function readAll(stream: Readable, command: Command): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.length;
    if (size > command.maximumOutput) {
      throw failure(command.program, `wrote more than ${command.maximumOutput} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readEnd(stream: Readable): Promise<string> {
  let end: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    if (chunk instanceof Uint8Array) end = Buffer.concat([end, chunk]).subarray(-complaintSize);
  }
  return end
    .toString("utf8")
    .replace(/[^\P{C}\n\t]/gu, "\uFFFD")
    .trim();
}

/** Rejects when the time is over or the caller's signal fires. */
function stopSignal(command: Command): { readonly promise: Promise<never>; clear(): void } {
  const seconds = Math.round(command.timeoutMs / 1000);
  let clear = (): void => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    const late = (): void => reject(failure(command.program, `did not answer within ${seconds} s`));
    const aborted = (): void => reject(new OciEncError("ABORTED", "interrupted"));
    const timer = setTimeout(late, command.timeoutMs);
    command.signal?.addEventListener("abort", aborted, { once: true });
    clear = () => {
      clearTimeout(timer);
      command.signal?.removeEventListener("abort", aborted);
    };
  });
  return { promise, clear: () => clear() };
}

function cannotStart(program: string, cause: unknown): OciEncError {
  const missing = systemCode(cause) === "ENOENT";
  const why = missing ? "there is no such program" : `it cannot be started (${systemCode(cause) ?? "unknown reason"})`;
  return new OciEncError(missing ? "NOT_FOUND" : "KEY_PROVIDER", `program ${JSON.stringify(program)}: ${why}`, {
    cause,
  });
}

function failure(program: string, how: string, cause?: unknown): OciEncError {
  return new OciEncError("KEY_PROVIDER", `program ${JSON.stringify(program)} ${how}`, { cause });
}
