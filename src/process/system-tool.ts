import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { OciEncError, systemCode } from "../errors.js";
import { childEnvironment } from "./child-environment.js";

/** What to say when it does not work, and what it is given. */
export interface ToolOptions {
  /** For messages: `cannot set extended attributes`. */
  readonly what: string;
  /** Where the program comes from, for the hint. */
  readonly needs: string;
  readonly cwd?: string;
  readonly input?: string;
  readonly hint?: string;
}

/** Runs a small program of the system to its end. UNSUPPORTED when there is none, LOCAL_IO when it fails, with its message. */
export async function runTool(program: string, args: readonly string[], options: ToolOptions): Promise<void> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    stdio: ["pipe", "ignore", "pipe"],
    env: childEnvironment({ kind: "system tool", program }),
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  child.stdin.on("error", () => {
    // It ended without reading everything; its status and message say why.
  });
  child.stdin.end(options.input ?? "");
  const said = text(child.stderr);
  const status = await ended.catch((error: unknown) => {
    if (systemCode(error) !== "ENOENT") throw error;
    throw new OciEncError("UNSUPPORTED", `${options.what}: there is no program ${program} here`, {
      cause: error,
      hint: `it needs ${options.needs}`,
    });
  });
  if (status === 0) return;
  const words = (await said).trim().split("\n")[0]?.slice(0, 300) ?? "";
  throw new OciEncError("LOCAL_IO", `${options.what}: ${words || `${program} ended with ${status}`}`, {
    hint: options.hint,
  });
}
