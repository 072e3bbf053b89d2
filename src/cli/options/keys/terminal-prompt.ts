import { openSync } from "node:fs";
import { ReadStream, WriteStream } from "node:tty";
import { type ErrorCode, OciEncError } from "../../../errors.js";

/** Whether there is a terminal to ask at, wherever the standard streams go. */
export function hasTerminal(): boolean {
  const terminal = openTerminal();
  terminal?.input.destroy();
  terminal?.output.destroy();
  return terminal !== undefined;
}

/** A secret to ask for, and what is said when it cannot be had. */
export interface SecretQuestion {
  /** What the terminal shows: `passphrase for "key.pem"`. */
  readonly question: string;
  /** As the failure names it: `a passphrase`. */
  readonly secret: string;
  readonly code: ErrorCode;
  /** How else it can be given. */
  readonly hint: string;
}

/**
 * Asks for a secret at the terminal, without showing what is typed. The question's code where there is no terminal or
 * nothing is typed; ABORTED when `signal` ends the command meanwhile. Ctrl-C is a SIGINT, as always.
 */
export async function promptSecret(asked: SecretQuestion, signal: AbortSignal): Promise<Uint8Array> {
  const { question, secret, code, hint } = asked;
  const terminal = openTerminal();
  if (terminal === undefined) {
    throw new OciEncError(code, `${secret} is needed, and there is no terminal to ask for it`, { hint });
  }
  const { input, output } = terminal;
  const stop = () => input.destroy();
  signal.addEventListener("abort", stop);
  input.setRawMode(true);
  output.write(`${question}: `);
  try {
    const typed = await readLine(input);
    if (typed !== undefined) return typed;
    signal.throwIfAborted();
    throw new OciEncError(code, `${secret} is needed, and none was typed`, { hint });
  } finally {
    signal.removeEventListener("abort", stop);
    if (!input.destroyed) input.setRawMode(false);
    output.write("\n");
    input.destroy();
    output.destroy();
  }
}

interface Terminal {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** Undefined where the process has none. */
function openTerminal(): Terminal | undefined {
  try {
    return { input: new ReadStream(openSync("/dev/tty", "r")), output: new WriteStream(openSync("/dev/tty", "w")) };
  } catch {
    // ENXIO, ENOENT: no controlling terminal, which is an answer.
    return undefined;
  }
}

/** The bytes up to the end of the line; undefined when the terminal went away or Ctrl-D was typed on an empty line. */
async function readLine(input: ReadStream): Promise<Uint8Array | undefined> {
  const line: number[] = [];
  for await (const byte of typedBytes(input)) {
    if (byte === keys.lineFeed || byte === keys.carriageReturn) return Uint8Array.from(line);
    if (byte === keys.endOfFile) return line.length > 0 ? Uint8Array.from(line) : undefined;
    edit(line, byte);
  }
  return undefined;
}

async function* typedBytes(input: ReadStream): AsyncGenerator<number> {
  for await (const part of input) {
    if (!Buffer.isBuffer(part)) throw new Error("a terminal without an encoding yields buffers");
    yield* part;
  }
}

/** A terminal in raw mode leaves these to the program. */
const keys = {
  interrupt: 0x03,
  endOfFile: 0x04,
  backspace: 0x08,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  kill: 0x15,
  delete: 0x7f,
} as const;

function edit(line: number[], byte: number): void {
  switch (byte) {
    case keys.interrupt:
      process.kill(process.pid, "SIGINT");
      break;
    case keys.kill:
      line.length = 0;
      break;
    case keys.backspace:
    case keys.delete:
      eraseCharacter(line);
      break;
    default:
      line.push(byte);
  }
}

/** UTF-8: the bytes that continue a character go with its first. */
function eraseCharacter(line: number[]): void {
  let last = line.pop();
  while (last !== undefined && (last & 0xc0) === 0x80) last = line.pop();
}
