import { OciEncError } from "../errors.js";
import { decodeLayer } from "./decode.js";
import { parsePayload } from "./payload.js";
import { readPayload } from "./payload-descriptor.js";
import { readingInput, writeOutput } from "./standard-streams.js";

/** How this process is to serve as a stream processor. */
export interface DecoderOptions {
  /** The node's keys: a directory, or one file. Undefined: those of the payload alone. */
  readonly keysPath?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decrypts the layer on standard input with what containerd passed on descriptor 3, and writes it to standard output.
 * USAGE when there is no payload; else what `parsePayload` and `decodeLayer` throw.
 */
export async function runDecoder({ keysPath, signal }: DecoderOptions): Promise<void> {
  const payload = parsePayload(readPayload());
  // Otherwise a stop would have to wait for bytes that may never come.
  signal?.addEventListener("abort", () => process.stdin.destroy(toError(signal.reason)), { once: true });
  await writeOutput(decodeLayer(readingInput(), { payload, keysPath, signal }));
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new OciEncError("ABORTED", "interrupted");
}
