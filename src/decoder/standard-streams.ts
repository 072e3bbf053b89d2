import { type ByteStream, chunkSize } from "../bytes/byte-stream.js";
import { ioError, OciEncError } from "../errors.js";

/** What arrives on standard input, the small pieces of a pipe joined to chunks. LOCAL_IO. */
export async function* readingInput(): AsyncGenerator<Uint8Array> {
  let parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of process.stdin) {
      if (!Buffer.isBuffer(part)) throw new Error("standard input without an encoding yields buffers");
      parts.push(part);
      size += part.length;
      if (size < chunkSize) continue;
      yield parts.length === 1 ? part : Buffer.concat(parts);
      [parts, size] = [[], 0];
    }
  } catch (error) {
    throw ioError(error, "cannot read the layer on standard input");
  }
  if (size > 0) yield Buffer.concat(parts);
}

/** Drains `bytes` into standard output, waiting for its reader. ABORTED when the reader has gone; LOCAL_IO. */
export async function writeOutput(bytes: ByteStream): Promise<void> {
  for await (const chunk of bytes) await write(chunk);
}

/** Writes a text, as `writeOutput`. */
export async function writeText(text: string): Promise<void> {
  await write(text);
}

async function write(chunk: Uint8Array | string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(chunk, (error) => {
      if (!error) resolve();
      else if ("code" in error && error.code === "EPIPE") {
        reject(new OciEncError("ABORTED", "the reader of standard output has gone", { cause: error }));
      } else reject(ioError(error, "cannot write to standard output"));
    });
  });
}
