import { createPublicKey } from "node:crypto";
import { describeKeyFile } from "../crypt/index.js";
import type { KeyDescription } from "../keys/key-description.js";
import type { KeyFile } from "../keys/key-file.js";
import { isEncryptedSigningKey, readSigningKey } from "../sign/sigstore/key-file.js";
import { sigstoreKeyName } from "../sign/sigstore/key-kind.js";

/**
 * Describes a private key in cosign's encrypted form: with its passphrase what its public half tells, else from the outside.
 * Undefined for every other file. KEY_INVALID when the passphrase is wrong.
 */
export async function describeSigningKey(file: KeyFile): Promise<readonly KeyDescription[] | undefined> {
  if (!isEncryptedSigningKey(file.value)) return undefined;
  const form = ["form", "cosign's, which is always encrypted; it signs images, with --by sigstore:FILE"] as const;
  const outside = { kind: "private key", algorithm: "", fingerprint: "", protected: true, details: [form] } as const;
  if (file.passphrase === undefined) return [outside];
  const publicKey = createPublicKey(await readSigningKey(file));
  const value = Buffer.from(publicKey.export({ type: "spki", format: "pem" }));
  const described = await describeKeyFile({ value, origin: file.origin });
  const details = [form, ["signs as", sigstoreKeyName(publicKey)] as const];
  return described.map(({ algorithm, fingerprint }) => ({ ...outside, algorithm, fingerprint, details }));
}
