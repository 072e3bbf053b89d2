import type { PrivateKey, SecretKeyPacket, SecretSubkeyPacket } from "openpgp";
import { OciEncError } from "../../errors.js";
import type { KeyFile } from "../key-file.js";
import { type EncodedKey, isKeyData, splitKeys } from "./key-data.js";

/**
 * The secret keys of a file, unlocked. KEY_INVALID when there is none, when a passphrase is missing or does not fit, or
 * when the secret parts are on a smart card.
 */
export async function secretKeysOf(key: KeyFile): Promise<readonly PrivateKey[]> {
  const origin = JSON.stringify(key.origin);
  const parts = splitFile(key, origin);
  if (parts.length === 0) {
    throw new OciEncError("KEY_INVALID", `${origin} holds an OpenPGP key that cannot be read: the armor is damaged`);
  }
  const secret = parts.filter((part) => part.secret);
  if (secret.length === 0) {
    throw new OciEncError("KEY_INVALID", `${origin} holds public OpenPGP keys only, opening needs the secret key`, {
      hint: "export it with gpg --export-secret-keys, or let gpg decrypt: --key pgp:ADDRESS",
    });
  }
  const unlocked: PrivateKey[] = [];
  const failures: OciEncError[] = [];
  for (const part of secret) {
    try {
      unlocked.push(await unlock(part.bytes, key, origin));
    } catch (error) {
      if (!(error instanceof OciEncError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (unlocked.length === 0 && first !== undefined) throw first;
  return unlocked;
}

function splitFile(key: KeyFile, origin: string): readonly EncodedKey[] {
  try {
    return splitKeys(key.value);
  } catch (cause) {
    throw new OciEncError("KEY_INVALID", `${origin} is not an OpenPGP key that can be read`, { cause });
  }
}

async function unlock(encoded: Uint8Array, key: KeyFile, origin: string): Promise<PrivateKey> {
  const { readPrivateKey } = await import("openpgp");
  const secret = await readPrivateKey({ binaryKey: encoded }).catch((cause: unknown) => {
    throw new OciEncError("KEY_INVALID", `an OpenPGP key of ${origin} cannot be read`, { cause });
  });
  const held = (await secretPackets(secret)).filter((packet) => !packet.isDummy());
  if (held.length === 0) {
    throw new OciEncError("KEY_INVALID", `the OpenPGP key of ${origin} is a stub: its secret parts are elsewhere`, {
      hint: "let gpg reach the smart card: --key pgp:ADDRESS",
    });
  }
  const locked = held.filter((packet) => !packet.isDecrypted());
  if (locked.length > 0 && key.passphrase === undefined) {
    throw new OciEncError("KEY_INVALID", `the OpenPGP key of ${origin} is protected, and no passphrase was given`, {
      hint: "give the passphrase with the key: FILE:file=PATH, FILE:env=NAME, FILE:fd=N or FILE:prompt",
    });
  }
  const passphrase = Buffer.from(key.passphrase ?? new Uint8Array()).toString("utf8");
  for (const packet of locked) {
    await packet.decrypt(passphrase).catch(() => {
      // What the library says is left out: it says no more than this.
      throw new OciEncError("KEY_INVALID", `the passphrase for the OpenPGP key of ${origin} is wrong`);
    });
  }
  return secret;
}

async function secretPackets(key: PrivateKey): Promise<readonly (SecretKeyPacket | SecretSubkeyPacket)[]> {
  const openpgp = await import("openpgp");
  return key
    .getKeys()
    .map((part) => part.keyPacket)
    .filter((packet) => packet instanceof openpgp.SecretKeyPacket || packet instanceof openpgp.SecretSubkeyPacket);
}

/** Whether a file holds a secret OpenPGP key that is protected. The command line asks for a passphrase then. */
export async function isProtected(value: Uint8Array): Promise<boolean> {
  if (!isKeyData(value)) return false;
  const { readPrivateKey } = await import("openpgp");
  for (const { secret, bytes } of splitKeys(value)) {
    if (!secret) continue;
    const packets = await secretPackets(await readPrivateKey({ binaryKey: bytes }));
    if (packets.some((packet) => !packet.isDummy() && !packet.isDecrypted())) return true;
  }
  return false;
}
