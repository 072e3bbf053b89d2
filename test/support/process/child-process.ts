import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A child that a test has started. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves when stdout has had a line that matches; rejects when the child ends without one. */
  said(pattern: RegExp): Promise<void>;
  /** Resolves when the child has ended, with all that it has said. */
  ended(): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Starts a compiled file of test/support/programs, by its name, in a process of its own. */
export function startSupport(name: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const file = fileURLToPath(new URL(`../programs/${name}.js`, import.meta.url));
  return startChild(process.execPath, [file, ...args], options);
}

/** Starts a program. Its input is closed, and what it says is kept. */
export function startChild(program: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const closed = once(child, "close");
  return {
    process: child,
    async ended() {
      await closed;
      return { status: child.exitCode, stdout, stderr };
    },
    said(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => pattern.test(stdout) && resolve();
        child.stdout?.on("data", look);
        closed.then(() => reject(new Error(`a child ended and never said ${pattern}: ${stdout}${stderr}`)), reject);
        look();
      });
    },
  };
}
