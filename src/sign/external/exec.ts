import { createHash } from "node:crypto";
import { answerTimeoutMs, askCommand } from "../../process/ask-command.js";
import type { Environment } from "../../process/child-environment.js";
import type { RawSignRequest, SigningKey } from "../signing-key.js";
import { checkedSignature } from "./checked-signature.js";
import { splitCommand } from "./command-line.js";
import { readSignAnswer } from "./sign-answer.js";

/** How a command that signs is run. */
export interface ExecOptions {
  /** Its variables. Undefined: those of this process. */
  readonly environment?: Environment | undefined;
  /** How long it may take for one signature. Undefined: a minute. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A key behind a command, `exec:COMMAND`: a cloud's key service, an HSM with tools of its own. The command, taken apart by
 * {@link splitCommand}, is run once for every signature, without a shell. It reads one line of JSON: `schema`
 * `oci-enc/sign-request/v1`, `digest` (base64, the hash of what is to be signed), `hash`, `payloadType` and `image`; and
 * writes one: see {@link readSignAnswer}. USAGE for a command that cannot be taken apart. Signing throws KEY_PROVIDER
 * when the command is not there, fails, takes too long, writes too much, or answers with anything but a good signature.
 */
export function execSigningKey(command: string, options: ExecOptions = {}): SigningKey {
  const [program, ...args] = splitCommand(command);
  // The arguments may hold a secret.
  const who = `signing command ${JSON.stringify(program.slice(0, 200))}`;
  return {
    name: who,
    async sign(bytes, request) {
      const answer = await askCommand(
        {
          kind: "signing command",
          program,
          args,
          input: requestLine(bytes, request),
          environment: options.environment ?? process.env,
          maximumOutput: maximumAnswer,
          timeoutMs: options.timeoutMs ?? answerTimeoutMs,
          signal: request.signal,
        },
        who,
      );
      return checkedSignature(readSignAnswer(answer, who), { bytes, hash: request.hash, who });
    },
  };
}

/** A signature, a key and a chain of certificates. */
const maximumAnswer = 256 * 1024;

function requestLine(bytes: Uint8Array, { hash, payloadType, image }: RawSignRequest): Uint8Array {
  const digest = createHash(hash).update(bytes).digest("base64");
  return Buffer.from(`${JSON.stringify({ schema: "oci-enc/sign-request/v1", digest, hash, payloadType, image })}\n`);
}
