import { OciEncError } from "../../../errors.js";
import type { DecryptionKey } from "../../key-wrapper.js";

/** Whether a file is about age identities, so that complaining about it falls to this scheme. */
export function holdsIdentity(value: Uint8Array): boolean {
  const head = Buffer.from(value.subarray(0, 64 * 1024)).toString("latin1");
  return /^(?:#[^\n]*\n|\s)*AGE-(?:SECRET-KEY|PLUGIN)-/.test(head) || isEncryptedIdentity(value);
}

/** Whether it is an identity file that a passphrase protects: `age -p`. */
export function isEncryptedIdentity(value: Uint8Array): boolean {
  return Buffer.from(value.subarray(0, 64))
    .toString("latin1")
    .trimStart()
    .startsWith("-----BEGIN AGE ENCRYPTED FILE-----");
}

/**
 * The identities of a file, as `age -i` reads it: one a line beside comments; decrypted first where a passphrase protects it.
 * KEY_INVALID when there is none, one is malformed, or the passphrase is missing or wrong.
 */
export async function readIdentities(key: DecryptionKey): Promise<readonly string[]> {
  const text = isEncryptedIdentity(key.value) ? await decryptedIdentity(key) : Buffer.from(key.value).toString("utf8");
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (identities.length === 0) throw invalid(key, "holds no age identity");
  for (const identity of identities) await check(identity, key);
  return identities;
}

/** The recipient of an identity: what others encrypt for. */
export async function recipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await import("age-encryption");
  return await identityToRecipient(identity);
}

async function check(identity: string, key: DecryptionKey): Promise<void> {
  if (identity.startsWith("AGE-PLUGIN-")) {
    throw invalid(
      key,
      "holds an identity of a plug-in, which only the age program opens",
      "decrypt through a key provider that calls age: provider:age (docs/keys.md)",
    );
  }
  try {
    await recipientOf(identity);
  } catch {
    // What the library says may quote the identity.
    throw invalid(key, "holds an age identity that cannot be read");
  }
}

async function decryptedIdentity(key: DecryptionKey): Promise<string> {
  if (key.passphrase === undefined) {
    throw invalid(
      key,
      "is encrypted, and no passphrase was given",
      "give the passphrase with the key: FILE:file=PATH, FILE:env=NAME, FILE:fd=N or FILE:prompt",
    );
  }
  const { armor, Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  decrypter.addPassphrase(Buffer.from(key.passphrase).toString("utf8"));
  try {
    return await decrypter.decrypt(armor.decode(Buffer.from(key.value).toString("latin1")), "text");
  } catch {
    throw invalid(key, "cannot be decrypted: its passphrase is another one, or it is no identity file");
  }
}

function invalid(key: DecryptionKey, fault: string, hint?: string): OciEncError {
  return new OciEncError("KEY_INVALID", `the key in ${JSON.stringify(key.origin.slice(0, 160))} ${fault}`, { hint });
}
