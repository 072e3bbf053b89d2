import { spawn } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What one process is to run, and what for. */
export interface TestRun {
  /** The tree with the mutants. */
  readonly tree: string;
  /** Compiled test files, from the tree's root. */
  readonly files: readonly string[];
  /** In milliseconds; none: it may take as long as it likes. */
  readonly limit?: number;
  /** The mutant that is active, and how often it may be reached; none: the code behaves as written. */
  readonly mutant?: { readonly id: string; readonly hitLimit: number };
  /** Whether to note which mutants were reached. */
  readonly coverage?: boolean;
}

/** How it ended. */
export interface TestOutcome {
  /** `timeout` also stands for a mutant that was reached too often. */
  readonly end: "passed" | "failed" | "timeout";
  readonly milliseconds: number;
  /** The last part of what was written to stdout and stderr. */
  readonly output: string;
  /** How often each mutant was reached, by its id; empty unless asked for. */
  readonly hits: ReadonlyMap<string, number>;
}

const program = fileURLToPath(new URL("./test-process.js", import.meta.url));
const recorder = new URL("./record-coverage.js", import.meta.url).href;

/** Leaders of process groups that are running, and their directories: none is left when this process has to end early. */
const running = new Set<number>();
const directories = new Set<string>();
process.on("exit", () => {
  for (const leader of running) endGroup(leader);
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

/**
 * Runs test files in one process, until the first test that fails. All that it has started and written to the directory for
 * temporary files is gone when this resolves.
 */
export async function runTests(run: TestRun): Promise<TestOutcome> {
  const directory = await mkdtemp(join(tmpdir(), "mutant-"));
  directories.add(directory);
  try {
    const [temporary, hits, log] = [join(directory, "t"), join(directory, "hits"), join(directory, "log")];
    await mkdir(temporary);
    await mkdir(hits);
    const started = performance.now();
    const status = await runProcess(run, environment(run, temporary, hits), log);
    const milliseconds = performance.now() - started;
    const output = (await readFile(log, "utf8")).slice(-4000);
    return { end: endOf(status), milliseconds, output, hits: await readHits(hits) };
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    directories.delete(directory);
  }
}

function environment({ mutant, coverage }: TestRun, temporary: string, hits: string): NodeJS.ProcessEnv {
  const recording = coverage === true ? { NODE_OPTIONS: `--import=${recorder}`, MUTANTS_COVERAGE: hits } : {};
  const active =
    mutant === undefined ? {} : { __STRYKER_ACTIVE_MUTANT__: mutant.id, MUTANTS_HIT_LIMIT: String(mutant.hitLimit) };
  // A process that is told of a test runner above it speaks to that one.
  return { ...process.env, NODE_TEST_CONTEXT: undefined, TMPDIR: temporary, ...recording, ...active };
}

/** The status with which it ended; undefined when it took too long, and -1 when a signal ended it. */
async function runProcess(
  { tree, files, limit }: TestRun,
  env: NodeJS.ProcessEnv,
  log: string,
): Promise<number | undefined> {
  const output = openSync(log, "w");
  // A mutant may take memory without end. A group of its own, so that it goes with all that it has started.
  const args = ["--max-old-space-size=1024", program, ...files.map((file) => join(tree, file))];
  const child = spawn(process.execPath, args, { cwd: tree, env, detached: true, stdio: ["ignore", output, output] });
  const { pid } = child;
  let late = false;
  try {
    return await new Promise<number | undefined>((resolve, reject) => {
      child.once("error", reject);
      if (pid === undefined) return;
      running.add(pid);
      const clock =
        limit === undefined
          ? undefined
          : setTimeout(() => {
              late = true;
              endGroup(pid);
            }, limit);
      child.once("exit", (status) => {
        clearTimeout(clock);
        resolve(late ? undefined : (status ?? -1));
      });
    });
  } finally {
    closeSync(output);
    if (pid !== undefined) {
      endGroup(pid);
      running.delete(pid);
    }
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
}

function endOf(status: number | undefined): TestOutcome["end"] {
  if (status === undefined || status === 3) return "timeout";
  return status === 0 ? "passed" : "failed";
}

async function readHits(directory: string): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for (const name of await readdir(directory)) {
    const hits: Readonly<Record<string, number>> = JSON.parse(await readFile(join(directory, name), "utf8"));
    for (const [id, count] of Object.entries(hits)) sums.set(id, (sums.get(id) ?? 0) + count);
  }
  return sums;
}
