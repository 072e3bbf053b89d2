import type { FileHandle } from "node:fs/promises";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { ioError } from "../../errors.js";

/** A file of our own that is being made. Parts of it may be written at the same time. All throw LOCAL_IO. */
export interface WritableFile {
  /** Drains `bytes` into the file from `position` on, one write behind, and says how many there were. */
  fill(bytes: ByteStream, position?: number): Promise<number>;
  /** All of `bytes`, at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Exactly that many bytes of what was written before. */
  read(length: number, position: number): Promise<Uint8Array>;
  /** Cuts the file off. */
  truncate(length: number): Promise<void>;
}

/** Writes through a handle, which stays its owner's to close. `what` names the file in messages. */
export function writableFile(handle: FileHandle, what: string): WritableFile {
  const attempt = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw ioError(error, `cannot write ${what}`);
    }
  };
  const write = (bytes: Uint8Array, position: number) => attempt(() => writeAll(handle, bytes, position));
  return {
    write,
    fill: (bytes, position = 0) => fill(write, bytes, position),
    read: (length, position) => attempt(() => readAll(handle, length, position)),
    truncate: (length) => attempt(() => handle.truncate(length)),
  };
}

async function fill(write: WritableFile["write"], bytes: ByteStream, position: number): Promise<number> {
  let at = position;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of bytes) {
      await writing;
      writing = write(chunk, at);
      writing.catch(() => undefined); // Thrown by the next await, and not as an unhandled rejection before that.
      at += chunk.length;
    }
  } finally {
    await writing;
  }
  return at - position;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const result = await handle.write(bytes, written, bytes.length - written, position + written);
    written += result.bytesWritten;
  }
}

async function readAll(handle: FileHandle, length: number, position: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Error("a file was read beyond what was written of it");
    filled += bytesRead;
  }
  return buffer;
}
