import type { KeyDescription } from "../../../keys/key-description.js";
import type { KeyFile } from "../../../keys/key-file.js";
import { isEncryptedSshKey, isSshPrivateKey, publicHalf, readSshPrivateKey } from "../../../keys/ssh/private-key.js";
import { isSshPublicKey, readSshPublicKeys, type SshPublicKey } from "../../../keys/ssh/public-key.js";
import { shortTag } from "./stanzas.js";

/**
 * Describes keys in OpenSSH's own form; an encrypted one needs no passphrase for that, and one that is given is tried.
 * Undefined for every other file. KEY_INVALID.
 */
export async function describeSshKeys(file: KeyFile): Promise<readonly KeyDescription[] | undefined> {
  if (isSshPrivateKey(file.value)) {
    const isProtected = isEncryptedSshKey(file.value);
    const half = publicHalf(file);
    if (half === undefined) return [{ ...unknown, protected: isProtected }];
    if (!isProtected || file.passphrase !== undefined) await readSshPrivateKey(file);
    return [describe("SSH private key", half, isProtected)];
  }
  if (!isSshPublicKey(file.value)) return undefined;
  return readSshPublicKeys(file).map((key) => describe("SSH public key", key, false));
}

const unknown = { kind: "SSH private key", algorithm: "", fingerprint: "", details: [] } as const;

function describe(kind: string, key: SshPublicKey, isProtected: boolean): KeyDescription {
  const bits = key.key.asymmetricKeyDetails?.modulusLength;
  return {
    kind,
    algorithm: bits === undefined ? "Ed25519" : `RSA ${bits}`,
    fingerprint: key.fingerprint,
    protected: isProtected,
    details: [
      ["recipient", key.text],
      ["id", shortTag(key)],
      ["post-quantum", "classical"],
    ],
  };
}
