import { OciEncError } from "../errors.js";
import { type Command, runCommand } from "./run-command.js";

/** How long a program may take over one answer when nothing else is said, in milliseconds. */
export const answerTimeoutMs = 60_000;

/**
 * Runs a program that holds keys, and gives what it answered on standard output. KEY_PROVIDER, starting with `who`, with
 * its status and what it wrote to standard error, when it is not there, fails or exceeds its bounds; ABORTED when the
 * signal says so.
 */
export async function askCommand(command: Command, who: string): Promise<Uint8Array> {
  const result = await runCommand(command).catch((error: unknown) => {
    if (!(error instanceof OciEncError) || error.code === "ABORTED") throw error;
    throw new OciEncError("KEY_PROVIDER", `${who}: ${error.message}`, { cause: error });
  });
  if (result.status === 0) return result.output;
  const said =
    result.complaint === "" ? "and wrote nothing to standard error" : `and said ${JSON.stringify(result.complaint)}`;
  const program = JSON.stringify(command.program);
  throw new OciEncError("KEY_PROVIDER", `${who}: ${program} ended with status ${result.status} ${said}`);
}
