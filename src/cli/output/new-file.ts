import { open, rm } from "node:fs/promises";
import { ioError, OciEncError, systemCode } from "../../errors.js";

/**
 * Writes a file that is not there yet, whole and durably; when that fails, nothing is left of it. CONFLICT, with `hint`, for
 * one that is there; LOCAL_IO.
 */
export async function writeNewFile(
  path: string,
  content: string | Uint8Array,
  { mode, hint }: { readonly mode: number; readonly hint: string },
): Promise<void> {
  const name = JSON.stringify(path);
  const file = await open(path, "wx", mode).catch((error: unknown) => {
    if (systemCode(error) !== "EEXIST") throw ioError(error, `cannot write ${name}`);
    throw new OciEncError("CONFLICT", `${name} exists already`, { hint });
  });
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw ioError(error, `cannot write ${name}`);
  } finally {
    await file.close();
  }
}
