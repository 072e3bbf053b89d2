import { localKey } from "../local-key.js";
import type { Signer } from "../signer.js";
import type { SignerSpec } from "../signer-spec.js";
import type { TrustSpec } from "../trust-spec.js";
import type { Verifier } from "../verifier.js";
import { readSigningKey, readVerificationKey } from "./key-file.js";
import { sigstoreKeyName } from "./key-kind.js";
import { sigstoreSigner } from "./signer.js";
import { sigstoreVerifier } from "./verifier.js";

/** `sigstore:KEYFILE`: cosign's encrypted form, or a PEM key. KEY_INVALID. */
export async function loadSigstoreSigner({ value, passphrase, origin }: SignerSpec): Promise<Signer> {
  const key = await readSigningKey({ value, passphrase, origin });
  return sigstoreSigner(localKey(key, { name: sigstoreKeyName(key) }));
}

/** `sigstore:PUBFILE`. Each subject of a bundle has claims of its own: one that makes `claims` is looked for. KEY_INVALID. */
export async function loadSigstoreTrust(
  { value, origin }: TrustSpec,
  claims: Readonly<Record<string, string>>,
): Promise<Verifier> {
  return sigstoreVerifier([readVerificationKey({ value, origin })], { claims });
}
