import { OciEncError } from "../errors.js";
import type { ByteStream } from "./byte-stream.js";

/** Fails inside the stream (ABORTED) at the first chunk after `signal` has said stop. */
export async function* abortable(bytes: ByteStream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal);
  for await (const chunk of bytes) {
    throwIfAborted(signal);
    yield chunk;
  }
}

/** ABORTED when `signal` has said stop. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new OciEncError("ABORTED", "interrupted", { cause: signal.reason });
}
