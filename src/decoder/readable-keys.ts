import { existsSync } from "node:fs";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { type Keyring, loadKeyring } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";

/** Keys that could be read, and why the others could not. */
export interface ReadableKeys {
  readonly keyring: Keyring;
  readonly ignored: readonly OciEncError[];
}

/**
 * Reads what can be read. A directory of keys may hold a public key, a note or a key whose passphrase nobody knows: none
 * of these keeps a good key from being used. Throws only what is not about a key.
 */
export async function readableKeys(keys: readonly DecryptionKey[]): Promise<ReadableKeys> {
  try {
    return { keyring: await load(keys), ignored: [] };
  } catch (error) {
    if (!isAboutKeys(error)) throw error;
    if (keys.length <= 1) return { keyring: await load([]), ignored: [error] };
  }
  const [readable, ignored]: [DecryptionKey[], OciEncError[]] = [[], []];
  for (const key of keys) {
    const problem = await problemOf(key, keys);
    if (problem === undefined) readable.push(key);
    else ignored.push(problem);
  }
  return { keyring: await load(readable), ignored };
}

/**
 * Containerd's built-in configuration names a list of key providers in the environment whether there is one or not; for
 * the program that this one stands in for, a list that is missing is none.
 */
function load(keys: readonly DecryptionKey[]): Promise<Keyring> {
  const { OCICRYPT_KEYPROVIDER_CONFIG: list, ...environment } = process.env;
  const isThere = list !== undefined && existsSync(list);
  return loadKeyring(keys, { environment: isThere ? process.env : environment });
}

/** A certificate is of use beside its private key alone, and so is looked at beside the others. */
async function problemOf(key: DecryptionKey, keys: readonly DecryptionKey[]): Promise<OciEncError | undefined> {
  const attempt = async (offered: readonly DecryptionKey[]) => {
    try {
      await load(offered);
      return undefined;
    } catch (error) {
      if (isAboutKeys(error)) return error;
      throw error;
    }
  };
  const alone = await attempt([key]);
  if (alone === undefined) return undefined;
  for (const other of keys) {
    if (other !== key && (await attempt([other])) === undefined && (await attempt([other, key])) === undefined) {
      return undefined;
    }
  }
  return alone;
}

/** What one bad key makes the schemes throw; what a provider's own configuration makes them throw is not among it. */
function isAboutKeys(error: unknown): error is OciEncError {
  return (
    error instanceof OciEncError && ["KEY_INVALID", "CORRUPT", "UNSUPPORTED", "NOT_FOUND", "USAGE"].includes(error.code)
  );
}
