import { OciEncError } from "../errors.js";
import type { ByteStream } from "./byte-stream.js";

/** Fails inside the stream (ABORTED) at the first chunk after `signal` was aborted. */
export async function* abortable(bytes: ByteStream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal);
  for await (const chunk of bytes) {
    throwIfAborted(signal);
    yield chunk;
  }
}

/** ABORTED when `signal` was aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new OciEncError("ABORTED", "interrupted", { cause: signal.reason });
}
