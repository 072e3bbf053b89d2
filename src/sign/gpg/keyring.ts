import type { PublicKey } from "openpgp";
import { OciEncError } from "../../errors.js";
import { type EncodedKey, splitKeys } from "../../keys/pgp/key-data.js";

/** More bytes than this are not a keyring for judging signatures. */
const ringLimit = 16 * 1024 * 1024;

/**
 * The public keys of rings, binary or armoured. Copies of one key are united, so that one which is revoked in any of them
 * is revoked. Keys that cannot be read are left out; KEY_INVALID when none is left.
 */
export async function readKeyrings(rings: readonly Uint8Array[]): Promise<readonly PublicKey[]> {
  const keys = new Map<string, PublicKey>();
  for (const encoded of rings.flatMap(keysIn)) {
    const key = await readPublic(encoded);
    if (key === undefined) continue;
    const known = keys.get(key.getFingerprint());
    keys.set(key.getFingerprint(), known === undefined ? key : await unite(known, key));
  }
  if (keys.size === 0) throw new OciEncError("KEY_INVALID", "there is no OpenPGP key in the ring that can be read");
  return [...keys.values()];
}

function keysIn(ring: Uint8Array): readonly EncodedKey[] {
  if (ring.length > ringLimit) {
    throw new OciEncError("KEY_INVALID", `the OpenPGP ring has ${ring.length} bytes; ${ringLimit} are allowed`);
  }
  try {
    return splitKeys(fromArmour(ring));
  } catch (cause) {
    throw new OciEncError("KEY_INVALID", "the OpenPGP ring cannot be read", { cause });
  }
}

/** What stands before armour is a remark, as gpg has it. */
function fromArmour(ring: Uint8Array): Uint8Array {
  const start = (ring[0] ?? 0) < 0x80 ? Buffer.from(ring).indexOf("-----BEGIN PGP ") : 0;
  return ring.subarray(Math.max(start, 0));
}

async function unite(known: PublicKey, copy: PublicKey): Promise<PublicKey> {
  return await known.update(copy).catch((cause: unknown) => {
    const name = known.getFingerprint().toUpperCase();
    throw new OciEncError("KEY_INVALID", `two copies of the OpenPGP key ${name} cannot be united`, { cause });
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
