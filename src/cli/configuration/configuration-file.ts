import { join, resolve } from "node:path";
import { readOwnedFile } from "../../doors/configuration.js";
import { OciEncError } from "../../errors.js";
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
    const bytes = await readOwnedFile(path, { what: "the configuration file", limit: sizeLimit });
    return { path, text: Buffer.from(bytes).toString("utf8") };
  } catch (error) {
    if (named === undefined && error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}
