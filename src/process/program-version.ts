import { execFile } from "node:child_process";
import { childEnvironment } from "./child-environment.js";

/** The first version number that `--version` prints; undefined when there is no such program. */
export function versionOf(program: string): Promise<string | undefined> {
  return new Promise((done) => {
    const env = childEnvironment({ kind: "system tool", program });
    execFile(program, ["--version"], { timeout: 10_000, env }, (error, stdout) => {
      done(error === null ? /\d+\.\d+(?:\.\d+)?/.exec(stdout)?.[0] : undefined);
    });
  });
}
