import { hexDigits } from "../../hex-digits.js";
import type { SchemeRow } from "../../scheme-row.js";

/** OpenPGP: keys in files, and keys that gpg holds. */
export const pgpRow: SchemeRow = {
  scheme: "pgp",
  owns: (suffix) => suffix === "pgp",
  takes: "either",
  takesPassphrase: true,
  // An address, a name or a fingerprint. What follows a colon may be a passphrase that was written without its mark.
  shown: (text) => text.replace(/:.*$/s, ":…"),
  sameId: (name, id) => sameKeyId(hexDigits(name), hexDigits(id)),
  help: {
    recipient: "pgp:ID or pgp:FILE",
    key: "pgp:[ID] through gpg",
    id: "pgp:KEYID",
    missingKey: "-k pgp: for the keys that gpg holds, or -k FILE",
  },
  describe: async (file) => (await import("../../../keys/pgp/describe.js")).describePgpKeys(file),
  wantsPassphrase: async (value) => (await import("../../../keys/pgp/secret-keys.js")).isProtected(value),
  payload: {
    keys: [{ name: "gpg-privatekeys", passphrases: "gpg-privatekeys-passwords" }],
    ignored: ["gpg-client", "gpg-client-version", "gpg-recipients"],
  },
  compat: {
    kind: "ids",
    print: (id) => `0x${BigInt(id === "" ? 0 : id).toString(16)}`,
    names: async (context) => (await import("../../../keys/pgp/addresses.js")).keyringAddresses(context),
  },
  load: async () => (await import("./pgp.js")).pgp,
};

/** RFC 9580: a key id is the end of a version 4 fingerprint, and the beginning of a version 6 one. */
function sameKeyId(name: string, keyId: string): boolean {
  if (name.length === 40) return name.endsWith(keyId);
  return name.length === 64 ? name.startsWith(keyId) : name === keyId;
}
