import { readFile } from "node:fs/promises";
import { ioError, OciEncError } from "../../errors.js";
import type { Environment } from "../../process/child-environment.js";
import type { Pkcs11Key } from "./key-yaml.js";
import { loadApi } from "./module-api.js";
import { findModule, readModulePolicy } from "./module-policy.js";
import type { TokenKey } from "./objects.js";
import { type OpenToken, withToken } from "./token.js";
import { describeUri } from "./uri.js";

/** What goes with the name of a key in a token. */
export interface OpenKeyOptions {
  /** The PIN that was given with the key; it goes before that of the URI. */
  readonly passphrase: Uint8Array | undefined;
  readonly environment: Environment;
}

/** Opens the token for one piece of work; see {@link withToken}. */
export type WithPrivateKey = <T>(work: (token: OpenToken) => T) => T;

/** Finds the module, by the policy, and the PIN. */
export async function openTokenKey(key: Pkcs11Key, { passphrase, environment }: OpenKeyOptions): Promise<TokenKey> {
  const module = findModule(key.uri, await readModulePolicy(environment));
  return { uri: key.uri, module, environment: key.environment, pin: passphrase ?? (await readPin(key)) };
}

/**
 * Reaches a key whose private half is needed. KEY_INVALID when no PIN was given. A wrong one is tried once, however
 * often work is asked for: tokens count the failures.
 */
export async function openPrivateKey(key: Pkcs11Key, reaching: OpenKeyOptions): Promise<WithPrivateKey> {
  const tokenKey = await openTokenKey(key, reaching);
  if (tokenKey.pin === undefined) {
    throw new OciEncError("KEY_INVALID", `the PIN is missing for ${describeUri(key.uri)}`, {
      hint: "put pin-value or pin-source into the URI, or give it with the key: FILE:file=PATH, FILE:env=NAME or FILE:prompt",
    });
  }
  const api = await loadApi();
  let refused: unknown;
  return (work) => {
    if (refused !== undefined) throw refused;
    try {
      return withToken(api, tokenKey, work);
    } catch (error) {
      if (error instanceof OciEncError && error.code === "KEY_INVALID") refused = error;
      throw error;
    }
  };
}

async function readPin({ uri, origin }: Pkcs11Key): Promise<Uint8Array | undefined> {
  if (uri.pinValue !== undefined) return Buffer.from(uri.pinValue);
  if (uri.pinSource === undefined) return undefined;
  const bytes = await readFile(uri.pinSource).catch((error: unknown) => {
    throw ioError(error, `the pin-source of ${JSON.stringify(origin)}`);
  });
  // An editor's newline is not part of the PIN.
  return Buffer.from(bytes.toString("utf8").replace(/\r?\n$/, ""));
}
