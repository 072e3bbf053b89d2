import type { Key } from "openpgp";
import { OciEncError } from "../../errors.js";
import type { KeyDescription } from "../key-description.js";
import type { KeyFile } from "../key-file.js";
import { labelText } from "../label.js";
import { isKeyData, splitKeys } from "./key-data.js";
import { foreignCurveOf } from "./library-limits.js";

/** Describes every key of an OpenPGP key file. Undefined: it is not one. KEY_INVALID when a key cannot be read. */
export async function describePgpKeys(file: KeyFile): Promise<readonly KeyDescription[] | undefined> {
  if (!isKeyData(file.value)) return undefined;
  const { readKey, SecretKeyPacket } = await import("openpgp");
  const isLocked = ({ keyPacket }: Key): boolean => keyPacket instanceof SecretKeyPacket && !keyPacket.isDecrypted();
  try {
    return await Promise.all(
      splitKeys(file.value).map(async ({ secret, bytes }) => {
        const key = await readKey({ binaryKey: bytes });
        return {
          ...(await describe(key)),
          kind: secret ? "OpenPGP secret key" : "OpenPGP public key",
          protected: isLocked(key),
        };
      }),
    );
  } catch (cause) {
    throw new OciEncError("KEY_INVALID", `${JSON.stringify(file.origin)} holds an OpenPGP key that cannot be read`, {
      cause,
    });
  }
}

async function describe(key: Key): Promise<Pick<KeyDescription, "algorithm" | "fingerprint" | "details">> {
  const foreign = foreignCurveOf(key);
  const expiry = foreign === undefined ? await key.getExpirationTime() : undefined;
  const unknown = `not known: signatures on the curve ${foreign} cannot be checked here`;
  const expires = expiry instanceof Date ? expiry.toISOString() : expiry === null ? "not valid" : "never";
  return {
    algorithm: algorithmOf(key),
    fingerprint: key.getFingerprint().toUpperCase(),
    details: [
      ...key.getUserIDs().map((userId): readonly [string, string] => ["user id", labelText(userId)]),
      ["created", key.getCreationTime().toISOString()],
      ["expires", foreign === undefined ? expires : unknown],
      ...key.subkeys.map((subkey): readonly [string, string] => [
        "subkey",
        `0x${subkey.getKeyID().toHex().toUpperCase()} ${algorithmOf(subkey)}`,
      ]),
    ],
  };
}

function algorithmOf(key: Pick<Key, "getAlgorithmInfo">): string {
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  return [algorithm, bits, curve].filter((word) => word !== undefined).join(" ");
}
