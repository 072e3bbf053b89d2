import type { Signer } from "../signer.js";
import type { SignerSettings, SignerSpec } from "../signer-spec.js";
import type { TrustSpec } from "../trust-spec.js";
import type { Verifier } from "../verifier.js";
import { readTrustedCertificates } from "./certificate-file.js";
import { notationDirectory } from "./notation-directory.js";
import { notarySigner } from "./signer.js";
import { keyFilesFrom, readChainedKey } from "./signing-keys.js";
import { x509Verifier } from "./x509-verifier.js";

/**
 * `notary:NAME` of notation's signingkeys.json, or `notary:KEYFILE,CHAINFILE`, the key perhaps encrypted. KEY_INVALID,
 * NOT_FOUND, USAGE.
 */
export async function loadNotarySigner({ value, passphrase }: SignerSpec, settings: SignerSettings): Promise<Signer> {
  const text = Buffer.from(value).toString("utf8");
  const files = await keyFilesFrom(text, settings.notationDirectory ?? notationDirectory());
  return notarySigner(await readChainedKey({ ...files, passphrase }));
}

/** `x509:ROOTFILE`. KEY_INVALID. */
export async function loadX509Trust({ value, origin }: TrustSpec): Promise<Verifier> {
  return x509Verifier(readTrustedCertificates(value, origin));
}
