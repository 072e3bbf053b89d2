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
 * Opens the sealed layer on standard input with what containerd passed on descriptor 3, and writes it to standard output.
 * USAGE when there is no payload; else what {@link parsePayload} and {@link decodeLayer} throw.
 */
export async function runDecoder({ keysPath, signal }: DecoderOptions): Promise<void> {
  const payload = parsePayload(readPayload());
  await writeOutput(decodeLayer(readingInput(), { payload, keysPath, signal }));
}
