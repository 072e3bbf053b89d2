import type { FileHandle } from "node:fs/promises";
import type { ByteStream } from "../bytes/byte-stream.js";
import { ioError } from "../errors.js";

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

/** How a file is written. */
export interface WriteOptions {
  /** For messages: the path, or what it is for. */
  readonly what: string;
  /** It will be made durable: what is filled in goes to the disk on the way, and little is left for the end. */
  readonly durable: boolean;
}

/** Writes through a handle, which stays its owner's to close. */
export function writableFile(handle: FileHandle, { what, durable }: WriteOptions): WritableFile {
  const attempt = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw ioError(error, `cannot write ${what}`);
    }
  };
  const write = (bytes: Uint8Array, position: number) => attempt(() => writeAll(handle, bytes, position));
  const filler: Filler = {
    write: (chunks, position) => attempt(() => writeInOrder(handle, chunks, position)),
    flush: durable ? () => attempt(() => handle.datasync()) : undefined,
  };
  return {
    write,
    fill: (bytes, position = 0) => fill(filler, bytes, position),
    read: (length, position) => attempt(() => readAll(handle, length, position)),
    truncate: (length) => attempt(() => handle.truncate(length)),
  };
}

/** What comes in small pieces, as from a network, is written in one call for each so many bytes. */
const gathered = 1024 * 1024;

/** So many bytes or more are flushed at a time, while the next ones come; which is waited for at the end only. */
const flushed = 32 * 1024 * 1024;

interface Filler {
  write(chunks: Uint8Array[], position: number): Promise<void>;
  readonly flush: (() => Promise<void>) | undefined;
}

async function fill({ write, flush }: Filler, bytes: ByteStream, position: number): Promise<number> {
  let at = position;
  let flushedTo = position;
  let flushing: Promise<void> = Promise.resolve();
  let isFlushing = false;
  let chunks: Uint8Array[] = [];
  let size = 0;
  let writing: Promise<void> = Promise.resolve();
  const begin = async () => {
    await writing;
    writing = write(chunks, at);
    writing.catch(() => undefined); // Thrown by the next await, and not as an unhandled rejection before that.
    at += size;
    [chunks, size] = [[], 0];
    if (!flush || isFlushing || at - flushedTo < flushed) return;
    [flushedTo, isFlushing] = [at, true];
    flushing = flush().then(() => {
      isFlushing = false;
    });
    flushing.catch(() => undefined);
  };
  try {
    for await (const chunk of bytes) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= gathered) await begin();
    }
  } finally {
    try {
      // Also when the stream fails: what has come is a partial file.
      if (size > 0) await begin();
      await writing;
    } finally {
      await flushing;
    }
  }
  return at - position;
}

async function writeInOrder(handle: FileHandle, chunks: Uint8Array[], position: number): Promise<void> {
  const [only, ...more] = chunks;
  if (only === undefined) return;
  if (more.length === 0) return await writeAll(handle, only, position);
  const { bytesWritten } = await handle.writev(chunks, position);
  let at = 0;
  for (const chunk of chunks) {
    const rest = chunk.subarray(Math.min(Math.max(bytesWritten - at, 0), chunk.length));
    if (rest.length > 0) await writeAll(handle, rest, position + at + chunk.length - rest.length);
    at += chunk.length;
  }
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
