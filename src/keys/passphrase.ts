import { needsPassphrase } from "./key-file.js";
import { isKeyData } from "./pgp/key-data.js";
import { readPkcs11Key } from "./pkcs11/key-yaml.js";

/**
 * Whether a key to open with is of no use without a passphrase or PIN: an encrypted private key of any form, or a key in
 * a token whose URI has no PIN. The command line asks for it then. Never throws: what is wrong with the key is for its
 * scheme to say.
 */
export async function wantsPassphrase(value: Uint8Array): Promise<boolean> {
  if (needsPassphrase(value)) return true;
  try {
    if (isKeyData(value)) return await (await import("./pgp/secret-keys.js")).isProtected(value);
    const token = await readPkcs11Key({ value, origin: "" });
    return token !== undefined && token.uri.pinValue === undefined && token.uri.pinSource === undefined;
  } catch {
    // The scheme reads the key next, and says in its own words why it cannot.
    return false;
  }
}
