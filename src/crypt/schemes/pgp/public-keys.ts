import type { PublicKey } from "openpgp";
import { OciEncError } from "../../../errors.js";
import { exportPublicKey, findGpg, type Gpg, listKeys } from "../../../keys/pgp/gpg.js";
import { describeKey, exactPart, isShortKeyId, type KeyIdentity, names } from "../../../keys/pgp/identity.js";
import { splitKeys } from "../../../keys/pgp/key-data.js";
import { type KeyName, keyNameOf } from "../../../keys/pgp/key-name.js";
import { libraryReason, requireKnownCurves, unsupportedAll } from "../../../keys/pgp/library-limits.js";
import type { EncryptionKey, KnownRecipient, WrapperOptions } from "../../key-wrapper.js";

/**
 * The OpenPGP keys that recipients name, each once: all keys of a key file, or the one key of gpg's keyring that an
 * address, name, key id or fingerprint stands for; with `KEYID!` the key without its other subkeys. KEY_INVALID when a key
 * cannot be used to encrypt, UNSUPPORTED for its curve; NOT_FOUND when
 * nothing or no GnuPG is found; CONFLICT, listing them, when several keys fit.
 */
export async function recipientKeys(
  keys: readonly EncryptionKey[],
  options: WrapperOptions,
): Promise<readonly PublicKey[]> {
  const named = keys.map((key) => ({ key, name: keyNameOf(key) }));
  const gpg = named.some(({ name }) => name !== undefined) ? await findGpg(options) : undefined;
  const found = new Map<string, PublicKey>();
  for (const { key, name } of named) {
    const candidates =
      gpg === undefined || name === undefined ? await keysOfFile(key, options) : [await keyNamed(name, gpg)];
    for (const candidate of candidates) found.set((await candidate.getEncryptionKey()).getFingerprint(), candidate);
  }
  return [...found.values()];
}

/** The same keys, told apart: messages name the part of a key that encrypts. */
export async function identifyKeys(key: EncryptionKey, options: WrapperOptions): Promise<readonly KnownRecipient[]> {
  const found = await recipientKeys([key], options);
  return await Promise.all(
    found.map(async (publicKey): Promise<KnownRecipient> => {
      const encrypting = await publicKey.getEncryptionKey();
      const { keyIds, fingerprints } = identityOf(publicKey);
      return {
        scheme: "pgp",
        id: `0x${encrypting.getKeyID().toHex().toUpperCase()}`,
        thumbprint: encrypting.getFingerprint().toUpperCase(),
        aliases: [...keyIds, ...fingerprints],
        key: { ...key, value: publicKey.write() },
      };
    }),
  );
}

/** What a key is called, in the form that gpg's own listing is read into. */
export function identityOf(key: PublicKey): KeyIdentity {
  const all = key.getKeys();
  return {
    fingerprint: key.getFingerprint().toUpperCase(),
    keyIds: all.map((part) => part.getKeyID().toHex().toUpperCase()),
    fingerprints: all.map((part) => part.getFingerprint().toUpperCase()),
    userIds: key.getUserIDs(),
  };
}

async function keysOfFile(key: EncryptionKey, options: WrapperOptions): Promise<readonly PublicKey[]> {
  const origin = JSON.stringify(key.origin);
  const usable: PublicKey[] = [];
  const failures: unknown[] = [];
  for (const { bytes } of splitKeys(key.value)) {
    try {
      usable.push(await usableKey(bytes));
    } catch (error) {
      failures.push(error);
    }
  }
  const complaints = failures.map(libraryReason);
  if (usable.length === 0) {
    const unsupported = unsupportedAll(failures);
    if (unsupported) throw unsupported;
    const why = complaints.join("; ") || "the armor is damaged";
    throw new OciEncError("KEY_INVALID", `no OpenPGP key of ${origin} can be encrypted for: ${why}`);
  }
  for (const complaint of complaints) {
    options.progress?.({
      type: "warning",
      code: "KEY_IGNORED",
      message: `a key of ${origin} is left out: ${complaint}`,
    });
  }
  return usable;
}

async function keyNamed({ text, shown }: KeyName, gpg: Gpg): Promise<PublicKey> {
  const matching = (await listKeys(gpg, "public")).filter((key) => names(text, key));
  if (matching.length === 0) throw notFound({ text, shown });
  const usable: { readonly key: PublicKey; readonly identity: KeyIdentity }[] = [];
  const complaints: string[] = [];
  const failures: unknown[] = [];
  for (const identity of matching) {
    try {
      const part = exactPart(text, identity);
      usable.push({ key: await usableKey(await exportPublicKey(gpg, identity.fingerprint), part), identity });
    } catch (error) {
      failures.push(error);
      complaints.push(`${describeKey(identity)}: ${libraryReason(error)}`);
    }
  }
  const [only, ...more] = usable;
  if (only === undefined) {
    const unsupported = unsupportedAll(failures);
    if (unsupported) throw unsupported;
    throw new OciEncError("KEY_INVALID", `no OpenPGP key for ${shown} can be encrypted for: ${complaints.join("; ")}`);
  }
  if (more.length > 0)
    throw ambiguous(
      shown,
      usable.map(({ identity }) => describeKey(identity)),
    );
  return only.key;
}

/**
 * The public half of an encoded key, when it has a part to encrypt for that is neither expired nor revoked. Named by its
 * key id, only that part may be it.
 */
async function usableKey(encoded: Uint8Array, part?: string): Promise<PublicKey> {
  const { readKey } = await import("openpgp");
  const key = (await readKey({ binaryKey: encoded })).toPublic();
  if (part !== undefined)
    key.subkeys = key.subkeys.filter((subkey) => subkey.getKeyID().toHex().toUpperCase() === part);
  requireKnownCurves(key);
  await key.getEncryptionKey();
  return key;
}

function notFound({ text, shown }: KeyName): OciEncError {
  return new OciEncError("NOT_FOUND", `no OpenPGP key is found for ${shown}`, {
    hint: isShortKeyId(text)
      ? "a key id of eight digits is not unique: write the long key id or the fingerprint"
      : "write an address, a name, a long key id, a fingerprint or a key file; gpg --list-keys shows what the keyring holds",
  });
}

function ambiguous(quoted: string, keys: readonly string[]): OciEncError {
  return new OciEncError("CONFLICT", `${keys.length} OpenPGP keys fit ${quoted}: ${keys.join(", ")}`, {
    hint: "name the one that is meant by its fingerprint",
  });
}
