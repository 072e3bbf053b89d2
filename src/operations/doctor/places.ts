import { access, constants, stat, statfs } from "node:fs/promises";
import { tmpdir as systemTmpdir } from "node:os";
import { dirname } from "node:path";
import { findStore, storeDirectory } from "../../transport/store/store-directory.js";
import { type Found, good, warning, wrong } from "./finding.js";

/** Less is soon used up by images. */
const little = 2 ** 30;

/** The local store: whether it is one, and whether an image can be put there. */
export async function checkStore(store: string | undefined): Promise<Found> {
  const path = storeDirectory(store);
  const found = await findStore({ store });
  const writable = found ?? (await nearest(path));
  if (!(await isWritable(writable))) {
    const message = `${JSON.stringify(writable)} cannot be written by this user`;
    return wrong(message, "see its owner and mode, or name another store with --store or OCI_ENC_STORE");
  }
  return await withRoom(found === undefined ? `${JSON.stringify(path)} is made with the first image` : path, writable);
}

/** The directory for temporary files. */
export async function checkTmpdir(given: string | undefined): Promise<Found> {
  const path = given ?? systemTmpdir();
  const found = await stat(path).catch(() => undefined);
  const remedy = "name a directory that is there, and has room, with --tmpdir or the variable TMPDIR";
  if (!found?.isDirectory()) return wrong(`${JSON.stringify(path)} is not a directory`, remedy);
  if (!(await isWritable(path))) return wrong(`${JSON.stringify(path)} cannot be written by this user`, remedy);
  return await withRoom(path, path);
}

async function withRoom(what: string, directory: string): Promise<Found> {
  const { bavail, bsize } = await statfs(directory);
  const room = bavail * bsize;
  const message = `${what}; ${(room / 2 ** 30).toFixed(1)} GiB are free there`;
  if (room >= little) return good(message);
  return warning(message, "free some space, or choose another place: oci-enc gc removes what no image needs");
}

/** The directory itself, or the nearest above it that is there. */
async function nearest(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined || dirname(path) === path ? path : await nearest(dirname(path));
}

async function isWritable(path: string): Promise<boolean> {
  return await access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
