import { text } from "node:stream/consumers";
import { runProgram } from "../../../src/cli/program.js";
import type { OneRun, RunOutcome } from "../process/run-many.js";

/** What `runMany` starts: reads a list of runs as JSON from standard input, and writes their outcomes as JSON. */
async function main(): Promise<void> {
  const runs: readonly OneRun[] = JSON.parse(await text(process.stdin));
  const write = process.stdout.write.bind(process.stdout);
  const outcomes: RunOutcome[] = [];
  for (const run of runs) outcomes.push(await outcomeOf(run));
  write(JSON.stringify(outcomes));
}

async function outcomeOf({ args, env = {} }: OneRun): Promise<RunOutcome> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  const parts: string[] = [];
  for (const stream of [process.stdout, process.stderr]) stream.write = taking(parts);
  const controller = new AbortController();
  const interruption = {
    signal: controller.signal,
    abort: (reason: Error) => controller.abort(reason),
    status: () => undefined,
    release: () => undefined,
  };
  try {
    return { status: await runProgram(args, interruption), said: parts.join("") };
  } finally {
    for (const name of Object.keys(env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

/** A stream's `write` that keeps what it is given. */
function taking(parts: string[]): typeof process.stdout.write {
  return (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    parts.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1"));
    for (const callback of [encoding, done]) if (typeof callback === "function") queueMicrotask(() => callback());
    return true;
  };
}

await main();
