import { OciEncError } from "../../../errors.js";
import type { EncryptionKey } from "../../key-wrapper.js";

/** A recipient, and the line that it stands in. */
export interface AgeRecipientLine {
  readonly text: string;
  readonly key: EncryptionKey;
}

/** So many recipients are read of one file. */
const recipientLimit = 1000;

/**
 * The recipients of a key: `age1…` itself, or a file as `age -R` reads it, a recipient a line beside comments. KEY_INVALID
 * for anything else; what it says quotes nothing of a file.
 */
export function readRecipients(key: EncryptionKey): readonly AgeRecipientLine[] {
  const lines = Buffer.from(key.value)
    .toString("utf8")
    .split(/\r?\n/)
    .map((line) => line.trim());
  const texts = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (texts.length === 0) throw unusable(key, "holds no recipient");
  if (texts.length > recipientLimit) throw unusable(key, `holds more than ${recipientLimit} recipients`);
  return texts.map((text) => {
    refuseOther(text, lines.indexOf(text) + 1, key);
    return { text, key: { ...key, value: Buffer.from(text), isFile: false } };
  });
}

/** The forms that age-encryption encrypts for; others are programs of their own, or not recipients at all. */
const form = /^age1(?:pq1|tag1|tagpq1)?[02-9ac-hj-np-z]+$/;

function refuseOther(text: string, line: number, key: EncryptionKey): void {
  if (form.test(text)) return;
  const where = key.isFile === true ? `, line ${line},` : "";
  for (const [pattern, what, hint] of others) {
    if (pattern.test(text)) throw unusable(key, `holds ${what}`, hint, where);
  }
  throw unusable(
    key,
    "is not an age recipient",
    "a recipient begins with age1: oci-enc key generate --type age",
    where,
  );
}

const others: readonly (readonly [RegExp, string, string])[] = [
  [
    /^AGE-(?:SECRET-KEY|PLUGIN)-/,
    "a private key; the recipient is needed",
    "take the recipient of it: age-keygen -y FILE",
  ],
  [/^(?:ssh-|ecdsa-|sk-)/, "an SSH key", "give it as ssh:FILE"],
  [
    /^age1[a-z0-9]+1/,
    "a recipient of a plug-in",
    "encrypt for it through a key provider: provider:NAME (docs/keys.md)",
  ],
];

function unusable(key: EncryptionKey, fault: string, hint?: string, where = ""): OciEncError {
  return new OciEncError("KEY_INVALID", `${JSON.stringify(key.origin.slice(0, 160))}${where} ${fault}`, { hint });
}
