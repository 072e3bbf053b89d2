import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ioError, OciEncError, systemCode } from "../../errors.js";
import { configFolder, thisMachine } from "../../files/machine.js";

/** The word for no configuration file at all. */
const none = "none";

/** Nobody writes so much by hand. */
const sizeLimit = 256 * 1024;

/** Where the user's configuration file usually is: `$XDG_CONFIG_HOME/oci-enc/config.toml`. */
export function usualConfiguration(): string {
  return join(configFolder(thisMachine), "oci-enc", "config.toml");
}

/** A configuration file whose owner alone could have written it. */
export interface ConfigurationText {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/**
 * The file that was named, else the user's usual one. Undefined: `none` was named, or the usual one does not exist. USAGE
 * when others than the user and root could have written it; NOT_FOUND and LOCAL_IO as the system says.
 */
export async function findConfiguration(named: string | undefined): Promise<ConfigurationText | undefined> {
  if (named === none) return undefined;
  const path = resolve(named ?? usualConfiguration());
  try {
    // Without O_NONBLOCK, opening a pipe without a writer would wait for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { path, text: await readSafely(file, path) };
  } catch (error) {
    if (named === undefined && ["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw ioError(error, `cannot read the configuration file ${JSON.stringify(path)}`);
  }
}

async function readSafely(file: FileHandle, path: string): Promise<string> {
  const found = await file.stat();
  if (!found.isFile()) throw unusable(path, "it is not a regular file");
  if (found.size > sizeLimit) throw unusable(path, `it has more than ${sizeLimit} bytes`);
  refuseForeign(found, { path, what: "it", configuration: path });
  const real = await realpath(path);
  for (const directory of new Set([dirname(path), dirname(real)])) {
    const what = `its directory ${JSON.stringify(directory)}`;
    refuseForeign(await stat(directory), { path: directory, what, configuration: path });
  }
  const bytes = Buffer.alloc(sizeLimit);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  return bytes.toString("utf8", 0, bytesRead);
}

/** What is looked at, and for which configuration file. */
interface Looked {
  readonly path: string;
  readonly what: string;
  readonly configuration: string;
}

function refuseForeign(found: Stats, { path, what, configuration }: Looked): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  const quoted = JSON.stringify(path);
  if (found.uid !== user && found.uid !== 0) {
    throw unusable(configuration, `${what} belongs to another user`, `chown ${user} ${quoted}`);
  }
  // In a directory with the sticky bit, nobody replaces what another one has made.
  const others = found.isDirectory() && (found.mode & 0o1000) !== 0 ? 0 : found.mode & 0o022;
  if (others !== 0)
    throw unusable(configuration, `${what} can be written by others than its owner`, `chmod go-w ${quoted}`);
}

/** The content is not quoted: it may be a key that was taken for the file. */
function unusable(path: string, why: string, hint?: string): OciEncError {
  return new OciEncError("USAGE", `the configuration file ${JSON.stringify(path)} cannot be used: ${why}`, { hint });
}
