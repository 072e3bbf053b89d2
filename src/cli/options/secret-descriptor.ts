import { fstatSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { ioError, OciEncError } from "../../errors.js";

const sizeLimit = 2 ** 20;
const patience = 60_000;

/**
 * Reads an inherited descriptor to its end. KEY_INVALID when it is not open for reading, is no file or pipe, or holds
 * more than 1 MiB.
 */
export async function readSecretDescriptor(descriptor: number): Promise<Uint8Array> {
  try {
    const stat = fstatSync(descriptor);
    if (stat.isFile()) return readWhole(descriptor);
    if (stat.isFIFO() || stat.isSocket()) return await readStream(descriptor);
  } catch (error) {
    if (error instanceof OciEncError) throw error;
    throw unusable(descriptor, ioError(error, "it cannot be read").message);
  }
  // Node keeps descriptors of its own, which are neither; reading one of those could wait for ever.
  throw unusable(descriptor, "it is neither a file nor a pipe");
}

function readWhole(descriptor: number): Uint8Array {
  const bytes = Buffer.alloc(sizeLimit + 1);
  let size = 0;
  for (;;) {
    const count = readSync(descriptor, bytes, size, bytes.length - size, null);
    size += count;
    if (size > sizeLimit) throw tooLarge(descriptor);
    if (count === 0) return bytes.subarray(0, size);
  }
}

async function readStream(descriptor: number): Promise<Uint8Array> {
  const stream = new Socket({ fd: descriptor, readable: true, writable: false });
  const parts: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => stream.destroy(unusable(descriptor, "nothing came for a minute")), patience);
  try {
    for await (const part of stream) {
      if (!Buffer.isBuffer(part)) throw new Error("a socket without an encoding yields buffers");
      parts.push(part);
      size += part.length;
      if (size > sizeLimit) throw tooLarge(descriptor);
    }
    return Buffer.concat(parts);
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

function tooLarge(descriptor: number): OciEncError {
  return unusable(descriptor, "it holds more than 1 MiB");
}

function unusable(descriptor: number, why: string): OciEncError {
  return new OciEncError("KEY_INVALID", `no passphrase can be read from descriptor ${descriptor}: ${why}`, {
    hint: `open it for the command: oci-enc … ${descriptor}<FILE`,
  });
}
