import { OciEncError } from "../../errors.js";
import type { KeyContext } from "../../keys/key-context.js";
import { exportPublicKey, findGpg, listKeys, signWithGpg } from "../../keys/pgp/gpg.js";
import { describeKey, type KeyIdentity, names } from "../../keys/pgp/identity.js";
import type { KeyName } from "../../keys/pgp/key-name.js";
import type { GpgBackend } from "./gpg-backend.js";

/**
 * The key that gpg knows by this name: an address, a user id, a key id or a fingerprint. NOT_FOUND when gpg has no secret
 * key of that name or there is no gpg, CONFLICT when several fit.
 */
export async function programBackend(
  name: KeyName,
  passphrase: Uint8Array | undefined,
  options: KeyContext,
): Promise<GpgBackend> {
  const gpg = await findGpg(options);
  const identity = only(
    (await listKeys(gpg, "secret")).filter((one) => names(name.text, one)),
    name,
  );
  const fingerprint = meantBy(name.text, identity);
  return {
    fingerprint,
    publicKey: await exportPublicKey(gpg, identity.fingerprint),
    sign: (content, { signal }) =>
      signWithGpg({ ...gpg, signal: signal ?? gpg.signal }, { content, fingerprint, passphrase }),
  };
}

function only(found: readonly KeyIdentity[], { shown }: KeyName): KeyIdentity {
  const [first, ...more] = found;
  if (first === undefined) {
    throw new OciEncError("NOT_FOUND", `gpg has no secret key for ${shown}`, {
      hint: "gpg --list-secret-keys shows what it has; a key file is named by its path",
    });
  }
  if (more.length > 0) {
    throw new OciEncError(
      "CONFLICT",
      `${found.length} secret keys fit ${shown}: ${found.map(describeKey).join(", ")}`,
      {
        hint: "name the one that is meant by its fingerprint",
      },
    );
  }
  return first;
}

/** A subkey that is named by its own fingerprint or key id; the primary key for every other name. */
function meantBy(id: string, identity: KeyIdentity): string {
  const digits = id.replace(/^0x/i, "").replace(/!$/, "").replaceAll(" ", "").toUpperCase();
  const index = identity.fingerprints.findIndex((one, at) => one === digits || identity.keyIds[at] === digits);
  return identity.fingerprints[index] ?? identity.fingerprint;
}
