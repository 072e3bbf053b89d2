import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { type Keyring, type KeyringOptions, loadKeyring } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";

/** A layer's annotations, or undefined: for any layer. */
type Envelope = Readonly<Record<string, string>> | undefined;

/**
 * Reads what can be read, and of that what may open this envelope. A directory of keys may hold a public key, a note or
 * a key without its passphrase: none of these keeps a good key from being used. Throws only what is not about a
 * key.
 */
export async function readableKeys(
  keys: readonly DecryptionKey[],
  envelope: Envelope,
  options: Omit<KeyringOptions, "envelope"> = {},
): Promise<Keyring> {
  try {
    return await loadKeyring(keys, { ...options, envelope });
  } catch (error) {
    if (!isAboutKeys(error)) throw error;
  }
  const readable: DecryptionKey[] = [];
  for (const key of keys) if ((await problemOf(key, keys, envelope)) === undefined) readable.push(key);
  return await loadKeyring(readable, { ...options, envelope });
}

/** Why keys cannot be used for any layer, one reason for each that cannot. */
export async function unusableKeys(keys: readonly DecryptionKey[]): Promise<readonly OciEncError[]> {
  const problems: OciEncError[] = [];
  for (const key of keys) {
    const problem = await problemOf(key, keys, undefined);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

/** A certificate is of use only together with its private key, so it is tried together with each other key. */
async function problemOf(
  key: DecryptionKey,
  keys: readonly DecryptionKey[],
  envelope: Envelope,
): Promise<OciEncError | undefined> {
  const attempt = async (offered: readonly DecryptionKey[]) => {
    try {
      await loadKeyring(offered, { envelope });
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

/** Whether an error is about a key, and not about the node itself. */
function isAboutKeys(error: unknown): error is OciEncError {
  const codes = ["KEY_INVALID", "CORRUPT", "UNSUPPORTED", "NOT_FOUND", "USAGE"];
  return error instanceof OciEncError && codes.includes(error.code);
}
