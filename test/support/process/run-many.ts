import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** One run of the command line. */
export interface OneRun {
  readonly args: readonly string[];
  /** Beside what the process has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How it ended. */
export interface RunOutcome {
  readonly status: number;
  /** Both streams, as they came. */
  readonly said: string;
}

/**
 * Runs the command line many times in one process, in a directory, which takes milliseconds each. Standard input is at its
 * end. Throws when the process ends before it has run them all.
 */
export async function runMany(directory: string, runs: readonly OneRun[]): Promise<readonly RunOutcome[]> {
  const program = fileURLToPath(new URL("../programs/run-many-program.js", import.meta.url));
  const env = { ...process.env, HOME: directory, OCI_ENC_STORE: "store", OCI_ENC_RETRY_TIMES: "0" };
  const child = spawn(process.execPath, [program], { cwd: directory, env, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(runs));
  const outcomes: readonly RunOutcome[] = JSON.parse(await text(child.stdout));
  if (outcomes.length !== runs.length) throw new Error("not all was run");
  return outcomes;
}
