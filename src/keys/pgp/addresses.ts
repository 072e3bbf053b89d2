import { existsSync } from "node:fs";
import { join } from "node:path";
import { OciEncError } from "../../errors.js";
import { homeDirectory } from "../../files/home-directory.js";
import type { KeyContext } from "../key-context.js";
import { findGpg, listKeys } from "./gpg.js";

/**
 * The addresses of the keys in gpg's public keyring, by long key id: `0x` and 16 digits. Undefined where there is no gpg
 * or nobody has a keyring: gpg, asked about one that is not there, makes it. With `gpgHomedir` that is an error as well:
 * NOT_FOUND without gpg, KEY_PROVIDER when gpg cannot list it.
 */
export async function keyringAddresses(
  options: KeyContext = {},
): Promise<((keyId: string) => string | undefined) | undefined> {
  const environment = options.environment ?? process.env;
  const named = options.gpgHomedir !== undefined;
  if (!named && !existsSync(environment["GNUPGHOME"] ?? join(homeDirectory(), ".gnupg"))) return undefined;
  try {
    const keys = await listKeys(await findGpg(options), "public");
    const addresses = new Map<string, string>(
      keys.flatMap(({ keyIds, userIds }) => {
        const address = userIds.map(bracketedAddress).find((found) => found !== undefined);
        return address === undefined ? [] : keyIds.map((keyId) => [`0x${keyId}`, address] satisfies [string, string]);
      }),
    );
    return (keyId) => addresses.get(keyId);
  } catch (error) {
    if (!named && error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** A user id that is an address and nothing else is a name to ctr-enc. */
function bracketedAddress(userId: string): string | undefined {
  return /<([^\s<>]+@[^\s<>]+)>/.exec(userId)?.[1];
}
