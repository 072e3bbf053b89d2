import { spawn } from "node:child_process";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";

/** What a stream processor is given. */
export interface DecoderCall {
  readonly args?: readonly string[];
  /** On descriptor 3; undefined: the descriptor is not passed. */
  readonly payload?: Uint8Array | undefined;
  readonly layer?: Uint8Array;
  readonly environment?: NodeJS.ProcessEnv;
}

/** What it left behind. */
export interface DecoderResult {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The file that containerd would start. */
export const decoderProgram: string = join(process.cwd(), "bin", "ctd-decoder.js");

/** Runs our stream processor to its end. */
export function runOurDecoder(call: DecoderCall): Promise<DecoderResult> {
  return runStreamProcessor([process.execPath, decoderProgram], call);
}

/** Runs any stream processor to its end, as containerd starts it. Does not throw for a status other than 0. */
export async function runStreamProcessor(command: readonly string[], call: DecoderCall): Promise<DecoderResult> {
  const { args = [], payload, layer = new Uint8Array(), environment } = call;
  const [program = "", ...before] = command;
  const child = spawn(program, [...before, ...args], {
    stdio: ["pipe", "pipe", "pipe", ...(payload === undefined ? [] : ["pipe" as const])],
    env: { ...process.env, ...environment },
  });
  const [stdin, , , third] = child.stdio;
  for (const [stream, bytes] of [
    [stdin, layer],
    [third, payload],
  ] as const) {
    if (!stream || !("end" in stream)) continue;
    stream.on("error", () => {
      // It ended without reading everything; its status and words say why.
    });
    stream.end(bytes);
  }
  const status = new Promise<number | null>((resolve) => child.on("close", resolve));
  if (!child.stdout || !child.stderr) throw new Error("a child without its pipes");
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}

/** A payload as a client of containerd makes it, around any value. */
export function payloadOf(value: unknown, type = "io.containerd.ocicrypt.v1.Payload"): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const url = Buffer.from(type);
  return Buffer.concat([Buffer.from([0x0a]), varint(url.length), url, Buffer.from([0x12]), varint(json.length), json]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
