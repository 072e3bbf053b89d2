import { rm } from "node:fs/promises";
import { ioError, OciEncError } from "../../../errors.js";
import { syncDirectory } from "../../../files/durable-file.js";
import { type Digest, isDigest } from "../../../oci/digest.js";
import { indexLimit } from "../index/index-json.js";
import { writeAtomically } from "../lock/atomic-write.js";
import type { HeldLock } from "../lock/lock.js";
import { obsoleteFile, obsoletePath } from "../lock/work-directory.js";
import { findRegular, readRegular } from "../regular-file.js";

/*
 * Blobs that are to go are written down before anything makes them superfluous, and struck off when they are gone. So
 * the next command after a writer that was killed knows them. The record is a hint, not an order: a blob is removed only if
 * nothing names it, so a forged record can do no more than a forged layout.
 */

/** The digests that are written down, those of blobs that came and are not named yet among them. Empty without a record. */
export async function readObsolete(layout: string): Promise<readonly Digest[]> {
  try {
    if (!(await findRegular(layout, obsoletePath))) return [];
    const text = Buffer.from(await readRegular(layout, obsoletePath, indexLimit)).toString("latin1");
    return [...new Set(text.split("\n").filter(isDigest))];
  } catch (error) {
    // What is not a file of ours tells nothing; nor does one that went away meanwhile.
    if (error instanceof OciEncError && (error.code === "CORRUPT" || error.code === "NOT_FOUND")) return [];
    throw error;
  }
}

/** Replaces what is written down, durably; with nothing the record goes. Under the lock. LOCAL_IO, CONFLICT. */
export async function writeObsolete(layout: string, digests: Iterable<Digest>, lock: HeldLock): Promise<void> {
  const lines = [...new Set(digests)].map((digest) => `${digest}\n`);
  const path = obsoleteFile(layout);
  if (lines.length > 0) {
    await writeAtomically(path, lines.join(""), lock);
    // The work directory itself may be new.
    await syncDirectory(layout);
    return;
  }
  await rm(path, { force: true }).catch((error: unknown) => {
    throw ioError(error, `cannot remove ${JSON.stringify(path)}`);
  });
}
