import { existsSync, fstatSync, readdirSync, readFileSync, readSync, type Stats } from "node:fs";
import { Socket } from "node:net";
import { ioError, OciEncError } from "../../../errors.js";

const sizeLimit = 2 ** 20;
const patience = 60_000;

/**
 * Reads an inherited descriptor to its end. KEY_INVALID when it is not open for reading, is not a file or pipe, or holds
 * more than 1 MiB; ABORTED when `signal` ends the command meanwhile.
 */
export async function readSecretDescriptor(descriptor: number, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const stat = fstatSync(descriptor);
    if (stat.isFile()) return readWhole(descriptor);
    const inherited = stat.isSocket() || (stat.isFIFO() && !isOwnPipe(descriptor, stat));
    if (inherited) return await readStream(descriptor, signal);
  } catch (error) {
    if (error instanceof OciEncError) throw error;
    throw unusable(descriptor, ioError(error, "it cannot be read").message);
  }
  throw unusable(descriptor, "it is not open for this command");
}

/**
 * Node keeps pipes for itself, and taking bytes out of one of those would stop it. One end of such a pipe is open
 * for writing in this very process. Where there is no /proc to tell, it is not looked for.
 */
function isOwnPipe(descriptor: number, { dev, ino }: Stats): boolean {
  if (descriptor <= 2 || !existsSync("/proc/self/fdinfo")) return false;
  const open = readdirSync("/proc/self/fdinfo").map(Number);
  return open.some((other) => {
    const stat = other <= 2 ? undefined : statOf(other);
    return stat !== undefined && stat.dev === dev && stat.ino === ino && isWritable(other);
  });
}

/** Undefined: it is closed by now, as the one that listed the directory is. */
function statOf(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined;
  }
}

/** proc(5): the access mode is in the last octal digit of the flags. */
function isWritable(descriptor: number): boolean {
  const [, mode] = /^flags:\s*[0-7]*([0-7])$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8")) ?? [];
  return (Number(mode) & 3) !== 0;
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

async function readStream(descriptor: number, signal: AbortSignal): Promise<Uint8Array> {
  const stream = new Socket({ fd: descriptor, readable: true, writable: false, signal });
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
