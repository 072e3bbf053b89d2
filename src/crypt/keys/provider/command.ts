import { OciEncError } from "../../../errors.js";
import type { WrapperOptions } from "../../key-wrapper.js";
import { runCommand } from "../run-command.js";
import type { CommandProvider } from "./config.js";
import { maximumAnswer, type Request, timeoutMs } from "./protocol.js";

/**
 * Asks a provider that is a program: the question on its standard input, the answer on its standard output, no shell.
 * KEY_PROVIDER, with its status and what it wrote to standard error, when it fails or exceeds its bounds.
 */
export async function callCommand(
  config: CommandProvider,
  request: Request,
  options: WrapperOptions,
): Promise<Uint8Array> {
  const result = await runCommand({
    program: config.path,
    args: config.args,
    input: request.body,
    environment: options.environment ?? process.env,
    maximumOutput: maximumAnswer,
    timeoutMs: options.providerTimeoutMs ?? timeoutMs,
    signal: options.signal,
  }).catch((error: unknown) => {
    if (!(error instanceof OciEncError) || error.code === "ABORTED") throw error;
    throw new OciEncError("KEY_PROVIDER", `key provider ${JSON.stringify(config.name)}: ${error.message}`, {
      cause: error,
    });
  });
  if (result.status === 0) return result.output;
  const said =
    result.complaint === "" ? "and wrote nothing to standard error" : `and said ${JSON.stringify(result.complaint)}`;
  throw new OciEncError(
    "KEY_PROVIDER",
    `key provider ${JSON.stringify(config.name)}: ${JSON.stringify(config.path)} ended with status ${result.status} ${said}`,
  );
}
