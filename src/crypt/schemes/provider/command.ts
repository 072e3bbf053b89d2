import { answerTimeoutMs, askCommand } from "../../../process/ask-command.js";
import type { WrapperOptions } from "../../key-wrapper.js";
import type { CommandProvider } from "./config.js";
import { maximumAnswer, type Request } from "./protocol.js";

/**
 * Asks a provider that is a program: the question on its standard input, the answer on its standard output, no shell.
 * KEY_PROVIDER, with its status and what it wrote to standard error, when it fails or exceeds its bounds.
 */
export async function callCommand(
  config: CommandProvider,
  request: Request,
  options: WrapperOptions,
): Promise<Uint8Array> {
  const command = {
    kind: "key provider" as const,
    program: config.path,
    args: config.args,
    input: request.body,
    environment: options.environment ?? process.env,
    maximumOutput: maximumAnswer,
    timeoutMs: options.providerTimeoutMs ?? answerTimeoutMs,
    progress: options.progress,
    signal: options.signal,
  };
  return await askCommand(command, `key provider ${JSON.stringify(config.name)}`);
}
