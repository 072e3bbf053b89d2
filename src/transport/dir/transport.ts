import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ioError, OciEncError, systemCode } from "../../errors.js";
import type { Transport } from "../transport.js";
import { openDirSource } from "./source.js";
import { openDirTarget } from "./target.js";

/**
 * `dir:DIR`: skopeo's flat directory, one image without a name. A target is absent or empty, or what an interrupted copy
 * left; anything else is a CONFLICT, unless `force` is given or the image is edited in place.
 */
export const dir: Transport = {
  async openSource(locator) {
    return await openDirSource(await realDirectory(locator));
  },

  async openTarget(locator, options) {
    return await openDirTarget(await realDirectory(locator), options);
  },
};

/** Without links as far as it exists, so that one directory has one name. A colon may be part of it. USAGE. */
async function realDirectory(locator: string): Promise<string> {
  if (!locator || locator.includes("\0")) {
    throw new OciEncError("USAGE", "dir: is not followed by a directory", { hint: "write dir:DIRECTORY" });
  }
  const path = resolve(locator);
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw ioError(error, `cannot look at ${path}`);
    return join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
  }
}
