import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { chmod, rm } from "node:fs/promises";
import { setImmediate as breathe } from "node:timers/promises";
import { ioError, OciEncError, systemCode } from "../errors.js";

/**
 * Removes a file, or a directory with all that is in it, whatever modes the directories have and whatever bytes the names;
 * nothing when there is none. Links are removed and never followed, also when one is put there meanwhile, as by a container that
 * still runs in it; what is mounted inside is left alone and makes it fail. LOCAL_IO.
 */
export async function removeTree(path: string | Buffer): Promise<void> {
  const place = Buffer.from(path);
  try {
    if (process.platform === "win32") return await rm(path, { recursive: true, force: true, maxRetries: 5 });
    await remove(place, lstatSync(place).dev);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw ioError(error, `cannot remove ${JSON.stringify(path.toString())}`);
  }
}

async function remove(place: Buffer, device: number): Promise<void> {
  if (!lstatSync(place).isDirectory()) return unlinkSync(place);
  await emptyDirectory(place, device);
  rmdirSync(place);
}

async function emptyDirectory(place: Buffer, device: number): Promise<void> {
  const handle = await openDirectory(place);
  try {
    const { dev, mode } = fstatSync(handle);
    if (dev !== device)
      throw new OciEncError("LOCAL_IO", `something is mounted on ${JSON.stringify(place.toString())}`);
    if ((mode & 0o700) !== 0o700) fchmodSync(handle, 0o700);
    const inside = throughHandle(handle) ?? place;
    for (const name of readdirSync(inside, "buffer")) {
      await remove(Buffer.concat([inside, Buffer.from("/"), name]), device);
    }
    await breathe();
  } finally {
    closeSync(handle);
  }
}

/** Root may look into any directory; others have to open their own first. */
async function openDirectory(place: Buffer): Promise<number> {
  const flags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);
  try {
    return openSync(place, flags);
  } catch (error) {
    if (systemCode(error) !== "EACCES") throw error;
    await chmod(place, 0o700);
    return openSync(place, flags);
  }
}

/** The directory that is open, by a path in which no link can be put; undefined where the system has none. */
function throughHandle(handle: number): Buffer | undefined {
  const path = `/proc/self/fd/${handle}`;
  return existsSync(path) ? Buffer.from(path) : undefined;
}
