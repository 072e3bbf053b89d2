import type { PrivateKey } from "openpgp";
import { OciEncError } from "../../errors.js";
import { splitKeys } from "../../keys/pgp/key-data.js";
import { requireKnownCurves } from "../../keys/pgp/library-limits.js";
import { secretKeysOf } from "../../keys/pgp/secret-keys.js";
import type { GpgBackend, GpgKey } from "./gpg-backend.js";

/**
 * The primary key of a secret key file. KEY_INVALID when the file has no secret key, a wrong or missing passphrase, or a
 * primary key that is elsewhere or must not sign; CONFLICT when it has several keys; UNSUPPORTED for its curve.
 */
export async function fileBackend(key: GpgKey): Promise<GpgBackend> {
  const origin = JSON.stringify(key.origin);
  if (!splitKeys(key.value).some(({ secret }) => secret)) {
    throw new OciEncError("KEY_INVALID", `${origin} holds public OpenPGP keys only, signing needs the secret key`);
  }
  const [secret, ...more] = await secretKeysOf(key);
  if (secret === undefined || more.length > 0) {
    throw new OciEncError("CONFLICT", `${origin} holds ${more.length + 1} secret keys, and one has to sign`, {
      hint: "export the one that is meant: gpg --export-secret-keys FINGERPRINT",
    });
  }
  await requirePrimary(secret, origin);
  return {
    fingerprint: secret.getFingerprint().toUpperCase(),
    publicKey: secret.toPublic().write(),
    sign: (content, { now }) => sign(secret, content, now),
  };
}

async function requirePrimary(secret: PrivateKey, origin: string): Promise<void> {
  const { SecretKeyPacket } = await import("openpgp");
  const hint = "let gpg sign with a subkey, named by its fingerprint; skopeo before 1.22 does not accept that";
  if (secret.keyPacket instanceof SecretKeyPacket && secret.keyPacket.isDummy()) {
    throw new OciEncError("KEY_INVALID", `the primary key of ${origin} is elsewhere`, { hint });
  }
  requireKnownCurves(secret);
  await secret.getSigningKey(secret.getKeyID()).catch((cause: unknown) => {
    throw new OciEncError("KEY_INVALID", `the primary key of ${origin} must not sign, is expired or revoked`, {
      cause,
      hint,
    });
  });
}

async function sign(secret: PrivateKey, content: Uint8Array, now: Date): Promise<Uint8Array> {
  const openpgp = await import("openpgp");
  const message = await openpgp.createMessage({ binary: content });
  try {
    return await openpgp.sign({
      message,
      signingKeys: secret,
      signingKeyIDs: secret.getKeyID(),
      format: "binary",
      date: now,
    });
  } catch (cause) {
    throw new OciEncError("KEY_PROVIDER", `the OpenPGP key ${secret.getFingerprint().toUpperCase()} could not sign`, {
      cause,
    });
  }
}
