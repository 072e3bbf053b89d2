import { OciEncError } from "../../../errors.js";
import type { DecryptionKey, EncryptionKey, KeyWrapper, KnownRecipient, Unwrapper, Wrap } from "../../key-wrapper.js";
import { holdsIdentity, readIdentities } from "./identities-file.js";
import { describePacket, openWithAge, sealForAge } from "./packet.js";
import { type AgeRecipientLine, readRecipients } from "./recipients-file.js";

/**
 * age files, age-encryption.org/v1: X25519 and the post-quantum hybrid of ML-KEM-768 with X25519. Written is one armored file a
 * recipient, which `age -d` opens; read are those of several.
 */
export const age: KeyWrapper = {
  scheme: "age",
  wrapFor,
  unwrapWith,
  recipients: (wrapped) => describePacket(wrapped, "age"),
  identify,
};

async function wrapFor(keys: readonly EncryptionKey[]): Promise<Wrap> {
  const distinct = [...new Set((await loadRecipients(keys)).map(({ text }) => text))];
  return (secret) => Promise.all(distinct.map((recipient) => sealForAge(secret, recipient)));
}

/** A recipient is compared by its text, which is the public key. Nothing in what is wrapped for it tells that it is. */
async function identify(keys: readonly EncryptionKey[]): Promise<readonly KnownRecipient[]> {
  const recipients = await loadRecipients(keys);
  return recipients.map(({ text, key }) => ({ scheme: "age", id: "", thumbprint: text, aliases: [], key }));
}

async function loadRecipients(keys: readonly EncryptionKey[]): Promise<readonly AgeRecipientLine[]> {
  const { Encrypter } = await import("age-encryption");
  const recipients = keys.flatMap(readRecipients);
  for (const { text, key } of recipients) {
    try {
      new Encrypter().addRecipient(text);
    } catch {
      throw new OciEncError("KEY_INVALID", `${JSON.stringify(key.origin.slice(0, 160))} is not a whole age recipient`, {
        hint: "copy it again: its checksum does not hold",
      });
    }
  }
  return recipients;
}

async function unwrapWith(keys: readonly DecryptionKey[]): Promise<Unwrapper | undefined> {
  const used = keys.filter((key) => key.scheme === "age" || holdsIdentity(key.value));
  const identities = (await Promise.all(used.map(readIdentities))).flat();
  return used.length === 0 ? undefined : { used, unwrap: ({ bytes }) => openWithAge(bytes, identities) };
}
