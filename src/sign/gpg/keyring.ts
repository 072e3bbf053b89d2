import type { PublicKey } from "openpgp";
import { OciEncError } from "../../errors.js";
import { type EncodedKey, splitKeys } from "../../keys/pgp/key-data.js";

/** No keyring for checking signatures is as large as this. */
const keyringLimit = 16 * 1024 * 1024;

/**
 * The public keys of keyrings, binary or armoured. Copies of one key are merged, so that a key which is revoked in any
 * copy is revoked. Keys that cannot be read are left out; KEY_INVALID when none is left.
 */
export async function readKeyrings(keyrings: readonly Uint8Array[]): Promise<readonly PublicKey[]> {
  const keys = new Map<string, PublicKey>();
  for (const encoded of keyrings.flatMap(keysIn)) {
    const key = await readPublic(encoded);
    if (key === undefined) continue;
    const known = keys.get(key.getFingerprint());
    keys.set(key.getFingerprint(), known === undefined ? key : await merge(known, key));
  }
  if (keys.size === 0) throw new OciEncError("KEY_INVALID", "the OpenPGP keyring has no key that can be read");
  return [...keys.values()];
}

function keysIn(keyring: Uint8Array): readonly EncodedKey[] {
  if (keyring.length > keyringLimit) {
    throw new OciEncError(
      "KEY_INVALID",
      `the OpenPGP keyring has ${keyring.length} bytes; ${keyringLimit} are allowed`,
    );
  }
  try {
    return splitKeys(fromArmour(keyring));
  } catch (cause) {
    throw new OciEncError("KEY_INVALID", "the OpenPGP keyring cannot be read", { cause });
  }
}

/** Text before the armour is a comment, as for gpg. */
function fromArmour(keyring: Uint8Array): Uint8Array {
  const start = (keyring[0] ?? 0) < 0x80 ? Buffer.from(keyring).indexOf("-----BEGIN PGP ") : 0;
  return keyring.subarray(Math.max(start, 0));
}

async function merge(known: PublicKey, copy: PublicKey): Promise<PublicKey> {
  return await known.update(copy).catch((cause: unknown) => {
    const name = known.getFingerprint().toUpperCase();
    throw new OciEncError("KEY_INVALID", `two copies of the OpenPGP key ${name} cannot be merged`, { cause });
  });
}

async function readPublic({ bytes }: EncodedKey): Promise<PublicKey | undefined> {
  const { readKey } = await import("openpgp");
  try {
    return (await readKey({ binaryKey: bytes })).toPublic();
  } catch {
    // A key of an algorithm or a version that the library does not know: nothing can be by it.
    return undefined;
  }
}
