import type { Signer } from "../signer.js";
import type { SignerSettings, SignerSpec } from "../signer-spec.js";
import type { TrustSpec } from "../trust-spec.js";
import type { Verifier } from "../verifier.js";
import { gpgSigner } from "./signer.js";
import { gpgVerifier } from "./verifier.js";

/** `gpg:FINGERPRINT` through the gpg program, or `gpg:KEYFILE`. KEY_INVALID, NOT_FOUND, CONFLICT. */
export async function loadGpgSigner(spec: SignerSpec, settings: SignerSettings): Promise<Signer> {
  return await gpgSigner(spec, { ...settings, creator: "oci-enc" });
}

/** `gpg:KEYRING`. KEY_INVALID. */
export async function loadGpgTrust({ value }: TrustSpec): Promise<Verifier> {
  return await gpgVerifier([value]);
}
