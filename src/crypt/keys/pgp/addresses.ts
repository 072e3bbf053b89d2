import { existsSync } from "node:fs";
import { join } from "node:path";
import { OciEncError } from "../../../errors.js";
import { homeDirectory } from "../../../home-directory.js";
import type { WrapperOptions } from "../../key-wrapper.js";
import { findGpg, listKeys } from "./gpg.js";
import { userIdParts } from "./identity.js";

/**
 * The addresses of the keys in gpg's public keyring, by long key id: `0x` and 16 digits. Undefined where there is no gpg
 * or nobody has a keyring: gpg, asked about one that is not there, makes it. KEY_PROVIDER when gpg cannot list it.
 */
export async function keyringAddresses(
  options: WrapperOptions = {},
): Promise<((keyId: string) => string | undefined) | undefined> {
  const environment = options.environment ?? process.env;
  const home = options.gpgHomedir ?? environment["GNUPGHOME"] ?? join(homeDirectory(), ".gnupg");
  if (!existsSync(home)) return undefined;
  try {
    const keys = await listKeys(await findGpg(options), "public");
    const addresses = new Map<string, string>(
      keys.flatMap(({ keyIds, userIds }) => {
        const address = userIds.map((userId) => userIdParts(userId).address).find((found) => found !== undefined);
        return address === undefined ? [] : keyIds.map((keyId) => [`0x${keyId}`, address] satisfies [string, string]);
      }),
    );
    return (keyId) => addresses.get(keyId);
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}
