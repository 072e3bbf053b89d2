import { lstat, mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../../errors.js";

/**
 * What oci-enc keeps in a layout while it writes there. It is removed at the end, unless partial blobs are in it. Other tools
 * ignore it.
 */
export const workDirectoryName = ".oci-enc";

/** Where the lock's files are. */
export function lockDirectory(layout: string): string {
  return join(layout, workDirectoryName, "lock");
}

/** Where every writer has a directory of its own. */
export function sessionsDirectory(layout: string): string {
  return join(layout, workDirectoryName, "leases");
}

/** Where partial blobs are kept for the next writer. */
export function partialBlobsDirectory(layout: string): string {
  return join(layout, workDirectoryName, "ingest");
}

/** The file that lists the blobs which are to go, while that is not done. */
export function obsoleteFile(layout: string): string {
  return join(layout, obsoletePath);
}

/** The same, relative to its layout. */
export const obsoletePath: string = `${workDirectoryName}/obsolete`;

/** Whether a writer is at work in a directory, was killed there, or left something for the next one. */
export async function hasWorkDirectory(directory: string): Promise<boolean> {
  return await lstat(join(directory, workDirectoryName)).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Makes one of the three, inside a layout's directory that exists. CORRUPT when there is a link in its place. */
export async function makeWorkDirectory(layout: string, path: string, mode?: number): Promise<void> {
  for (;;) {
    try {
      await makeOne(join(layout, workDirectoryName));
      await makeOne(path, mode);
      return;
    } catch (error) {
      // Another writer has removed the empty work directory between the two steps.
      if (systemCode(error) !== "ENOENT") throw ioError(error, `cannot work in ${JSON.stringify(layout)}`);
      await lstat(layout).catch((gone: unknown) => {
        throw ioError(gone, `cannot work in ${JSON.stringify(layout)}`);
      });
    }
  }
}

/** Removes a directory if it is empty. False when it is not, or cannot be removed. */
export async function removeEmpty(path: string): Promise<boolean> {
  return rmdir(path).then(
    () => true,
    (error: unknown) => systemCode(error) === "ENOENT",
  );
}

async function makeOne(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    if (!(await lstat(path)).isDirectory()) {
      throw new OciEncError("CORRUPT", `${JSON.stringify(path)} is not a directory`, {
        hint: "it belongs to oci-enc; remove it if no oci-enc is at work there",
      });
    }
  }
}
