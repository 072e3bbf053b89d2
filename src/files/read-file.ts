import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type ByteStream, chunkSize } from "../bytes/byte-stream.js";
import { ioError, OciEncError, systemCode } from "../errors.js";

/** How to open a file, and what to call it. */
export interface ReadOptions {
  /** For messages: `the blob sha256:…`, `oci-archive:/srv/app.tar`. */
  readonly what: string;
  /** Whether a symbolic link is followed. False where the path was made from content and not given by the user. */
  readonly followLinks: boolean;
}

/** A part of a file, `end` not included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A regular file held open for reading. */
export interface RegularFile extends AsyncDisposable {
  /** As it was when the file was opened. */
  readonly size: number;
  /** The permissions it has. */
  readonly mode: number;
  /** A part of it, or all, in fresh chunks. CORRUPT, retryable, when the file was changed since it was opened. */
  stream(range?: ByteRange): ByteStream;
  /** Exactly the bytes of `range`. CORRUPT, retryable, when the file has become shorter. */
  read(range: ByteRange): Promise<Uint8Array>;
}

/**
 * Opens what must be a regular file, and never waits: a FIFO, a device, a socket or a directory is CORRUPT, and so is a
 * link that must not be followed. NOT_FOUND, LOCAL_IO. The caller disposes of it, after the streams have ended.
 */
export async function openRegularFile(path: string, options: ReadOptions): Promise<RegularFile> {
  const handle = await openSafely(path, options);
  try {
    return await regularFile(handle, options.what);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads through a handle, which is closed when the result is disposed of. `what` names the file in messages. */
export async function regularFile(handle: FileHandle, what: string): Promise<RegularFile> {
  const { size, mtimeNs, mode } = await handle.stat({ bigint: true }).catch((error: unknown) => {
    throw ioError(error, `cannot read ${what}`);
  });
  const file = { handle, what, size: Number(size), mtimeNs };
  return {
    size: file.size,
    mode: Number(mode & 0o777n),
    stream: (range = { start: 0, end: file.size }) => streamRange(file, range),
    read: (range) => readRange(file, range),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** A file's bytes from `from` on. It is opened at the first pull and closed with the stream. Codes as above. */
export async function* readingFile(path: string, options: ReadOptions, from: number = 0): AsyncGenerator<Uint8Array> {
  const file = await openRegularFile(path, options);
  try {
    yield* file.stream({ start: Math.min(from, file.size), end: file.size });
  } finally {
    await file[Symbol.asyncDispose]();
  }
}

/** A small file whole. CORRUPT, before anything is read, when it has more than `limit` bytes. */
export async function readSmallFile(path: string, limit: number, options: ReadOptions): Promise<Uint8Array> {
  const file = await openRegularFile(path, options);
  try {
    if (file.size > limit) {
      throw new OciEncError("CORRUPT", `${options.what} has ${file.size} bytes, and more than ${limit} are not read`);
    }
    return await file.read({ start: 0, end: file.size });
  } finally {
    await file[Symbol.asyncDispose]();
  }
}

interface HeldFile {
  readonly handle: FileHandle;
  readonly what: string;
  readonly size: number;
  readonly mtimeNs: bigint;
}

/** Without O_NONBLOCK, opening a FIFO would wait for its writer. Windows has neither flag. */
async function openSafely(path: string, options: ReadOptions): Promise<FileHandle> {
  const noFollow = options.followLinks ? 0 : (constants.O_NOFOLLOW ?? 0);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | noFollow);
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle?.close();
    if (!options.followLinks && systemCode(error) === "ELOOP") {
      throw new OciEncError("CORRUPT", `${options.what} is a symbolic link`, { cause: error });
    }
    // A socket cannot be opened at all.
    if (systemCode(error) !== "ENXIO") throw ioError(error, `cannot read ${options.what}`);
  }
  await handle?.close();
  throw new OciEncError("CORRUPT", `${options.what} is not a regular file`);
}

/** Reads one chunk ahead of the consumer. */
async function* streamRange(file: HeldFile, range: ByteRange): AsyncGenerator<Uint8Array> {
  let at = range.start;
  let next = startRead(file, { start: at, end: range.end });
  try {
    while (at < range.end) {
      const chunk = await next();
      at += chunk.length;
      next = startRead(file, { start: at, end: range.end });
      if (at >= range.end) await refuseChanged(file);
      yield chunk;
    }
  } finally {
    await next().catch(() => undefined); // The handle must not be closed under a read whose result is not needed.
  }
}

/** Starts now; the result, or the failure, is had by calling. */
function startRead(file: HeldFile, range: ByteRange): () => Promise<Uint8Array> {
  const reading = readRange(file, { start: range.start, end: Math.min(range.end, range.start + chunkSize) });
  reading.catch(() => undefined); // Thrown where it is asked for, and not as an unhandled rejection before that.
  return () => reading;
}

async function readRange(file: HeldFile, range: ByteRange): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.max(range.end - range.start, 0));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.handle
      .read(buffer, filled, buffer.length - filled, range.start + filled)
      .catch((error: unknown) => {
        throw ioError(error, `cannot read ${file.what}`);
      });
    if (bytesRead === 0) throw changed(file);
    filled += bytesRead;
  }
  return buffer;
}

/** The digest would show it, too, but not the reason. */
async function refuseChanged(file: HeldFile): Promise<void> {
  const { size, mtimeNs } = await file.handle.stat({ bigint: true });
  if (Number(size) !== file.size || mtimeNs !== file.mtimeNs) throw changed(file);
}

function changed(file: HeldFile): OciEncError {
  return new OciEncError("CORRUPT", `${file.what} was changed while it was being read`, { retryable: true });
}
