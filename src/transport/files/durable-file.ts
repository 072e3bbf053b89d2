import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { ioError, systemCode } from "../../errors.js";

/** What the name of every unfinished file starts with. */
export const draftPrefix: string = ".oci-enc-";

/** A file being written, unseen under its final name until `publish`. */
export interface Draft extends AsyncDisposable {
  /** Where it is for now. */
  readonly path: string;
  /** Drains `bytes` into the file from `position` on, one write behind, and says how many there were. LOCAL_IO. */
  fill(bytes: ByteStream, position?: number): Promise<number>;
  /** All of `bytes`, at `position`. LOCAL_IO. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Exactly that many bytes as they were written. For what has to be moved. */
  read(length: number, position: number): Promise<Uint8Array>;
  /** Cuts the file off. */
  truncate(length: number): Promise<void>;
  /**
   * Makes it durable and gives it its final name, in place of whatever had that. `mode` defaults to what the umask
   * leaves of 0666. To make the name durable as well, call `syncDirectory` after the last of a directory's files.
   */
  publish(path: string, mode?: number): Promise<void>;
}

/** Starts a file of mode 0600 and a random name in `directory`. What is not published is removed when disposed of. */
export async function createDraft(directory: string): Promise<Draft> {
  const path = join(directory, `${draftPrefix}${randomBytes(12).toString("hex")}`);
  // wx+ is exclusive: it neither follows a link nor opens what somebody put there before.
  const handle = await open(path, "wx+", 0o600).catch((error: unknown) => {
    throw ioError(error, `cannot write in ${directory}`);
  });
  return new DraftFile(path, handle);
}

/** Bytes at hand, durable under `path`, whose directory exists. Codes as for a draft. */
export async function writeDurably(path: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const draft = await createDraft(dirname(path));
  try {
    await draft.write(bytes, 0);
    await draft.publish(path, mode);
  } finally {
    await draft[Symbol.asyncDispose]();
  }
  await syncDirectory(dirname(path));
}

/** Makes the names in a directory durable. Does nothing where the system has no such call. LOCAL_IO. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Some network and FUSE file systems do not offer it for directories.
    if (systemCode(error) !== "EINVAL") throw ioError(error, `cannot write in ${path}`);
  }
}

class DraftFile implements Draft {
  readonly path: string;
  readonly #handle: FileHandle;
  #state: "open" | "closed" | "published" = "open";

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  async fill(bytes: ByteStream, position: number = 0): Promise<number> {
    let at = position;
    let writing: Promise<void> = Promise.resolve();
    try {
      for await (const chunk of bytes) {
        await writing;
        writing = this.write(chunk, at);
        writing.catch(() => undefined); // Thrown by the next await, and not as an unhandled rejection before that.
        at += chunk.length;
      }
    } finally {
      await writing;
    }
    return at - position;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    await this.#attempt(async () => {
      let written = 0;
      while (written < bytes.length) {
        const result = await this.#handle.write(bytes, written, bytes.length - written, position + written);
        written += result.bytesWritten;
      }
    });
  }

  async read(length: number, position: number): Promise<Uint8Array> {
    return await this.#attempt(async () => {
      const buffer = Buffer.allocUnsafeSlow(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await this.#handle.read(buffer, filled, length - filled, position + filled);
        if (bytesRead === 0) throw new Error("a draft was read beyond its end");
        filled += bytesRead;
      }
      return buffer;
    });
  }

  async truncate(length: number): Promise<void> {
    await this.#attempt(() => this.#handle.truncate(length));
  }

  async publish(path: string, mode: number = 0o666 & ~process.umask()): Promise<void> {
    await this.#attempt(async () => {
      await this.#handle.chmod(mode);
      await this.#handle.sync();
      await this.#close();
      await rename(this.path, path);
      this.#state = "published";
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "published") return;
    await this.#attempt(async () => {
      await this.#close();
      await rm(this.path, { force: true });
    });
  }

  async #close(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "closed";
    await this.#handle.close();
  }

  async #attempt<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw ioError(error, `cannot write ${this.path}`);
    }
  }
}
