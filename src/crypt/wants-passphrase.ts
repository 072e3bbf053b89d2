import { needsPassphrase } from "../keys/key-file.js";
import { schemes } from "./schemes/index.js";

/**
 * Whether a key to decrypt with is of no use without a passphrase or PIN: an encrypted private key of any form, or a key
 * in a token whose URI has no PIN. The command line asks for it then. Never throws: what is wrong with the key is for its
 * scheme to say.
 */
export async function wantsPassphrase(value: Uint8Array): Promise<boolean> {
  if (needsPassphrase(value)) return true;
  for (const row of schemes.values()) {
    try {
      if (await row.wantsPassphrase?.(value)) return true;
    } catch {
      // The scheme reads the key next, and says in its own words why it cannot.
    }
  }
  return false;
}
