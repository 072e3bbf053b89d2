import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";
import { readHead } from "./content-store/layer-head.js";
import { storedPayloads } from "./content-store/stored-payloads.js";
import { decodeLayer } from "./decode.js";
import { type Payload, parsePayload } from "./payload.js";
import { readPayload } from "./payload-descriptor.js";
import { readingInput, writeOutput } from "./standard-streams.js";

/** How this process is to serve as a stream processor. */
export interface DecoderOptions {
  /** The node's keys: a directory, or one file. Undefined: those of the payload alone. */
  readonly keysPath?: string | undefined;
  /** Where a layer without a payload is looked for: the `root` of containerd's configuration. Undefined: the usual places. */
  readonly contentRoot?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decrypts the layer on standard input, and writes it to standard output: with what containerd passed on descriptor 3, or,
 * where it passed nothing, with what the manifests in its content store say of the layer that begins so. Throws what
 * `parsePayload`, `storedPayloads` and `decodeLayer` throw.
 */
export async function runDecoder({ keysPath, contentRoot, signal }: DecoderOptions): Promise<void> {
  // Otherwise a stop would have to wait for bytes that may never come.
  signal?.addEventListener("abort", () => process.stdin.destroy(toError(signal.reason)), { once: true });
  try {
    const { bytes, ...envelopes } = await readInput(contentRoot);
    await writeOutput(decodeLayer(bytes, { ...envelopes, keysPath, signal }));
  } finally {
    // What was read of a layer that is refused would be waited for to its end.
    process.stdin.destroy();
  }
}

async function readInput(
  contentRoot: string | undefined,
): Promise<{ readonly payloads: Iterable<Payload>; readonly bytes: ByteStream; readonly start?: Uint8Array }> {
  const payload = readPayload();
  if (payload !== undefined) return { payloads: [parsePayload(payload)], bytes: readingInput() };
  const { head, bytes } = await readHead(readingInput());
  return { payloads: storedPayloads(head, contentRoot), bytes, start: head.bytes };
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new OciEncError("ABORTED", "interrupted");
}
