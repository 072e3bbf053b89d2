import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ioError, OciEncError, systemCode } from "../errors.js";
import { startHeartbeat } from "./heartbeat.js";
import { draftName } from "./maker-mark.js";
import { type WritableFile, writableFile } from "./write-file.js";

/** A file being written, unseen under its final name until `publish`. Not published, it is removed when disposed of. */
export interface Draft extends WritableFile, AsyncDisposable {
  /** Where it is for now. */
  readonly path: string;
  /**
   * Makes it durable and gives it its final name, in place of whatever had that. `mode` defaults to what the umask
   * leaves of 0666. To make the name durable as well, call `syncDirectory` after the last of a directory's files.
   */
  publish(path: string, mode?: number): Promise<void>;
}

/**
 * Starts a file of mode 0600 in `directory`. Its name is random and says who makes it, and it is touched while that one
 * lives, so that others can tell when it is abandoned. LOCAL_IO, NOT_FOUND.
 */
export async function createDraft(directory: string): Promise<Draft> {
  const path = join(directory, await draftName());
  // wx+ is exclusive: it neither follows a link nor opens what is already there.
  const handle = await open(path, "wx+", 0o600).catch((error: unknown) => {
    throw ioError(error, `cannot write in ${directory}`);
  });
  return draft(path, handle, { lasting: false });
}

/**
 * The same at a path of the caller's choice, to which only the caller writes: a draft that stays there when it is disposed of
 * unpublished. With `begun` it is there already and has so many bytes (CORRUPT, retryable, when that is not so); without,
 * what is there goes.
 */
export async function openLastingDraft(path: string, begun: number): Promise<Draft> {
  const handle = await (begun > 0 ? openBegun(path) : openAnew(path)).catch((error: unknown) => {
    throw ioError(error, `cannot write ${path}`);
  });
  const stats = await handle.stat();
  if (stats.isFile() && stats.size === begun) return draft(path, handle, { lasting: true });
  await handle.close();
  throw new OciEncError("CORRUPT", `${path} is not a file of ${begun} bytes any more`, { retryable: true });
}

/** Bytes at hand, durable under `path`, whose directory exists. Codes as for a draft. */
export async function writeDurably(path: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const file = await createDraft(dirname(path));
  try {
    await file.write(bytes, 0);
    await file.publish(path, mode);
  } finally {
    await file[Symbol.asyncDispose]();
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

async function openAnew(path: string): Promise<FileHandle> {
  await rm(path, { force: true });
  return await open(path, "wx+", 0o600);
}

/** Without O_NONBLOCK, opening a FIFO could wait. Windows has neither flag. */
async function openBegun(path: string): Promise<FileHandle> {
  return await open(path, constants.O_RDWR | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
}

function draft(path: string, handle: FileHandle, { lasting }: { readonly lasting: boolean }): Draft {
  let published = false;
  const rest = lasting ? () => {} : startHeartbeat(path);
  const fail = (error: unknown) => {
    throw ioError(error, `cannot write ${path}`);
  };
  return {
    ...writableFile(handle, { what: path, durable: true }),
    path,
    async publish(final, mode = 0o666 & ~process.umask()) {
      try {
        await handle.chmod(mode);
        await handle.sync();
        await handle.close();
        await rename(path, final);
        published = true;
        rest();
      } catch (error) {
        throw ioError(error, `cannot write ${final}`);
      }
    },
    async [Symbol.asyncDispose]() {
      if (published) return;
      rest();
      await handle.close().catch(fail); // Closing twice does nothing.
      if (!lasting) await rm(path, { force: true }).catch(fail);
    },
  };
}
