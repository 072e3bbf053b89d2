import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { ioError, OciEncError } from "../../../errors.js";

/** No configuration and no certificate comes near it. */
const sizeLimit = 2 ** 20;

/**
 * A small file, read whole. `what` names it in messages. NOT_FOUND, or LOCAL_IO, also for more than 1 MiB and for what is
 * not a file: a pipe may never have data, and a device never end.
 */
export async function readSmallFile(path: string, what: string): Promise<Buffer> {
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for its writer. Windows has no such flag.
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await file.stat();
    if (!stat.isFile() && !stat.isDirectory()) throw new OciEncError("LOCAL_IO", `${what}: is not a regular file`);
    if (stat.size > sizeLimit) throw new OciEncError("LOCAL_IO", `${what}: has more than ${sizeLimit} bytes`);
    return await file.readFile();
  } catch (error) {
    throw ioError(error, what);
  }
}
