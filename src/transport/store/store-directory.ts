import { isAbsolute, join, resolve } from "node:path";
import { OciEncError } from "../../errors.js";
import { homeDirectory } from "../../files/home-directory.js";
import type { Progress } from "../../progress.js";
import { findLayout } from "../layout/layout-directory.js";

/** Which store: a directory, or the user's own. */
export interface StoreOptions {
  readonly store?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of what killed commands left there, where that is tidied. */
  readonly progress?: Progress | undefined;
}

/** The mode of a store's directory when it is made: images are private unless the user changes that. */
export const storeMode = 0o700;

/**
 * Where the local store is: `option` (`--store`), else `$OCI_ENC_STORE`, else the user's data directory as the XDG base
 * directory specification has it, which ignores relative paths.
 */
export function storeDirectory(option: string | undefined): string {
  const chosen = option || process.env["OCI_ENC_STORE"];
  if (chosen) return resolve(chosen);
  const data = process.env["XDG_DATA_HOME"];
  return join(data && isAbsolute(data) ? data : join(homeDirectory(), ".local", "share"), "oci-enc", "store");
}

/** The real path of a store; undefined while nothing has been written to it. UNSUPPORTED, CORRUPT, LOCAL_IO. */
export async function findStore({ store }: StoreOptions): Promise<string | undefined> {
  return await findLayout(storeDirectory(store)).catch((error: unknown) => {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  });
}
