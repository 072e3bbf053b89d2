import { ioError, OciEncError } from "../../../errors.js";

/**
 * The files of a directory and of those below it, by name, each once. KEY_INVALID for a link that leads out, or when there
 * is no file or far too many; NOT_FOUND and LOCAL_IO as the system says.
 */
export async function keyFilesOf(directory: string): Promise<readonly string[]> {
  const { listKeyDirectory } = await import("../../../doors/crypt.js");
  const quoted = JSON.stringify(directory);
  try {
    const { files, outside } = listKeyDirectory(directory);
    if (outside[0] !== undefined) {
      const link = JSON.stringify(outside[0]);
      throw new OciEncError("KEY_INVALID", `${link} is a link that leads out of the directory of keys`);
    }
    if (files.length > 0) return files;
    throw new OciEncError("KEY_INVALID", `there is no file in ${quoted}`);
  } catch (error) {
    throw ioError(error, `cannot read the keys in ${quoted}`);
  }
}
