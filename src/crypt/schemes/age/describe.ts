import { createHash } from "node:crypto";
import type { KeyDescription } from "../../../keys/key-description.js";
import type { KeyFile } from "../../../keys/key-file.js";
import { holdsIdentity, isEncryptedIdentity, readIdentities, recipientOf } from "./identities-file.js";
import { readRecipients } from "./recipients-file.js";

/** Describes age identities, or recipients. Undefined for every other file. KEY_INVALID when they are malformed. */
export async function describeAgeKeys(file: KeyFile): Promise<readonly KeyDescription[] | undefined> {
  if (holdsIdentity(file.value)) return await describeIdentities(file);
  const text = Buffer.from(file.value.subarray(0, 64 * 1024)).toString("latin1");
  if (!/^(?:#[^\n]*\n|\s)*age1[a-z0-9]/.test(text)) return undefined;
  const recipients = readRecipients({ ...file, scheme: "age", isFile: true });
  return recipients.map(({ text: recipient }) => describe("age recipient", recipient, false));
}

async function describeIdentities(file: KeyFile): Promise<readonly KeyDescription[]> {
  const isProtected = isEncryptedIdentity(file.value);
  if (isProtected && file.passphrase === undefined) {
    return [{ kind: "age identity", algorithm: "", fingerprint: "", protected: true, details: [] }];
  }
  const identities = await readIdentities(file);
  const recipients = await Promise.all(identities.map(recipientOf));
  return recipients.map((recipient) => describe("age identity", recipient, isProtected));
}

/** The fingerprint is the SHA-256 of the recipient's text, as nobody has named another. */
function describe(kind: string, recipient: string, isProtected: boolean): KeyDescription {
  const isHybrid = /^age1(?:pq|tagpq)1/.test(recipient);
  return {
    kind,
    algorithm: isHybrid ? "ML-KEM-768 with X25519" : "X25519",
    fingerprint: createHash("sha256").update(recipient).digest("base64url"),
    protected: isProtected,
    details: [
      ["recipient", recipient],
      ["post-quantum", isHybrid ? "hybrid" : "classical"],
    ],
  };
}
