import { Readable } from "node:stream";
import { runProgram } from "../../../src/cli/program.js";
import type { HostedRun } from "../process/oci-enc.js";
import type { PeerResult } from "../process/peer.js";

/** What `ociEnc` starts: runs one command line after the other, each in its directory and with its environment. */
process.on("message", (run: HostedRun) => {
  outcomeOf(run).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit());
// Node tells of a warning beside the stream, which a run's output would lack.
process.on("warning", ({ name, message }) => process.stderr.write(`${name}: ${message}\n`));

async function outcomeOf({ args, cwd, env, input }: HostedRun): Promise<PeerResult> {
  process.chdir(cwd);
  setEnvironment(env);
  Object.defineProperty(process, "stdin", {
    value: Readable.from(input.length > 0 ? [Buffer.from(input)] : []),
    configurable: true,
  });
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  const controller = new AbortController();
  try {
    const status = await runProgram(args, {
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      status: () => undefined,
      release: () => undefined,
    });
    return { status, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.release();
    stderr.release();
  }
}

function setEnvironment(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
}

/** Keeps what is written to a stream of this process, until it is released. */
function capture(stream: NodeJS.WriteStream): { text(): string; release(): void } {
  const { write } = stream;
  const parts: Uint8Array[] = [];
  stream.write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    parts.push(Buffer.from(chunk));
    for (const callback of [encoding, done]) if (typeof callback === "function") queueMicrotask(() => callback());
    return true;
  };
  const release = () => {
    stream.write = write;
  };
  return { text: () => Buffer.concat(parts).toString(), release };
}
