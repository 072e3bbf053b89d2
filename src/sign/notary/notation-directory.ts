import { join } from "node:path";
import { OciEncError } from "../../errors.js";
import { configFolder, type Machine, thisMachine } from "../../files/machine.js";
import { readSmallFile } from "../../files/read-file.js";
import { parseTrustPolicy, type TrustPolicy } from "./trust/trust-policy.js";

/** `$XDG_CONFIG_HOME/notation`, else `~/.config/notation`: where notation keeps what it is configured by. */
export function notationDirectory(machine: Pick<Machine, "variables" | "home"> = thisMachine): string {
  return join(configFolder(machine), "notation");
}

/** The folder with `x509/TYPE/NAME` below it, of that directory. */
export function trustStoreDirectory(directory: string): string {
  return join(directory, "truststore");
}

/** No configuration of this kind comes near it. */
const sizeLimit = 1024 * 1024;

/**
 * The trust policy that notation would use: the one for images, else the older one for everything. Undefined: there is
 * neither. CORRUPT when it is not valid, a symbolic link or no file at all; LOCAL_IO.
 */
export async function findTrustPolicy(directory: string): Promise<TrustPolicy | undefined> {
  for (const name of ["trustpolicy.oci.json", "trustpolicy.json"]) {
    const path = join(directory, name);
    const bytes = await readConfiguration(path, false).catch((error: unknown) => {
      if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
      throw error;
    });
    if (bytes !== undefined) return parseTrustPolicy(bytes, path);
  }
  return undefined;
}

/** The trust policy of a file that somebody names. NOT_FOUND, and codes as above; a link is followed. */
export async function readTrustPolicy(path: string): Promise<TrustPolicy> {
  return parseTrustPolicy(await readConfiguration(path, true), path);
}

/** A small file whole. NOT_FOUND, LOCAL_IO, CORRUPT as above. */
export function readConfiguration(path: string, followLinks: boolean): Promise<Uint8Array> {
  return readSmallFile(path, sizeLimit, { what: JSON.stringify(path.slice(0, 300)), followLinks });
}
