import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { OciEncError, systemCode } from "../../errors.js";
import { childEnvironment } from "../../process/child-environment.js";

/** A program that has been started. */
export interface Started {
  readonly child: ChildProcess;
  /** Its exit status, or 128 and the number of the signal that ended it. UNSUPPORTED when it cannot be started. */
  readonly ended: Promise<number>;
}

/** Starts the runtime, or one of the small programs around it. */
export function startRuntimeProgram(program: string, args: readonly string[], stdio: StdioOptions): Started {
  const child = spawn(program, args, { stdio, env: childEnvironment({ kind: "runtime", program }) });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => {
      if (systemCode(cause) === undefined) return reject(cause);
      reject(new OciEncError("UNSUPPORTED", `cannot start ${JSON.stringify(program)}`, { cause }));
    });
    child.once("close", (code, name) => resolve(code ?? 128 + (name === null ? 0 : constants.signals[name])));
  });
  // Without this, an error that nobody waits for would end the process.
  ended.catch(() => {});
  return { child, ended };
}
