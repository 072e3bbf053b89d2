import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { PeerResult } from "./peer.js";

/** How to run the built command line. */
export interface RunOptions {
  /** Where relative paths start; default this process's directory. */
  readonly cwd?: string;
  /** Beside what this process has; undefined takes a variable away. */
  readonly env?: NodeJS.ProcessEnv;
  /** What it reads on standard input; default nothing. */
  readonly input?: string | Uint8Array;
}

/** The file that starts the command line. */
export const ociEncProgram: string = join(process.cwd(), "bin", "oci-enc.js");

/** Runs `oci-enc` to its end. Does not throw for a status other than 0; a signal's status is 128 and its number. */
export async function ociEnc(args: readonly string[], { cwd, env, input }: RunOptions = {}): Promise<PeerResult> {
  const child = spawn(process.execPath, [ociEncProgram, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {
    // It ended without reading everything; its status and words say why.
  });
  child.stdin.end(input ?? "");
  const status = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}
