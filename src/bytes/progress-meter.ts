import type { ByteStream } from "./byte-stream.js";

/** Bytes between two reports. */
const step = 1024 * 1024;

/** Tells `report` how many bytes have passed since the last report: every MiB, and at the end. */
export async function* progressMeter(bytes: ByteStream, report: (count: number) => void): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of bytes) {
    yield chunk;
    count += chunk.length;
    if (count >= step) {
      report(count);
      count = 0;
    }
  }
  if (count > 0) report(count);
}
