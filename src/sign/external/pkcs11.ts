import { createHash, type KeyObject } from "node:crypto";
import { OciEncError } from "../../errors.js";
import { type Pkcs11Source, readPkcs11Key } from "../../keys/pkcs11/key-yaml.js";
import { openPrivateKey } from "../../keys/pkcs11/open-key.js";
import { describeUri } from "../../keys/pkcs11/uri.js";
import type { Environment } from "../../process/child-environment.js";
import type { SigningKey } from "../signing-key.js";
import { checkedSignature } from "./checked-signature.js";

/** A key in a token as it was named, with the PIN where that was given apart. */
export interface TokenSource extends Pkcs11Source {
  readonly passphrase?: Uint8Array | undefined;
}

/**
 * A key in a PKCS#11 token, from the same key files and URIs that decrypt images: EC on P-256, P-384 and P-521, or RSA. The
 * module is chosen by the same policy. Undefined: `source` names no key in a token. KEY_INVALID when it is malformed or
 * the PIN is missing, UNSUPPORTED without the package pkcs11js, and as the policy says (USAGE, NOT_FOUND, DENIED). Signing
 * throws KEY_INVALID for a wrong PIN, which is tried once, NOT_FOUND and CONFLICT when the key is not there or not the
 * only one, and KEY_PROVIDER when the module fails.
 */
export async function tokenSigningKey(
  source: TokenSource,
  environment: Environment = process.env,
): Promise<SigningKey | undefined> {
  const named = await readPkcs11Key(source);
  if (named === undefined) return undefined;
  const withKey = await openPrivateKey(named, { passphrase: source.passphrase, environment });
  const who = `pkcs11 ${describeUri(named.uri)}`;
  let publicKey: KeyObject | undefined;
  return {
    name: who,
    async sign(bytes, { hash, signal }) {
      if (signal?.aborted) throw new OciEncError("ABORTED", "interrupted");
      const digest = createHash(hash).update(bytes).digest();
      const answer = withKey((token) => {
        publicKey ??= token.publicKey();
        return { signature: token.sign(hash, digest), publicKey, chain: undefined };
      });
      return checkedSignature(answer, { bytes, hash, who });
    },
  };
}
