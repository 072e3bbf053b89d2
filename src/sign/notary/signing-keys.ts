import { createPublicKey, type KeyObject } from "node:crypto";
import { join, resolve } from "node:path";
import { OciEncError } from "../../errors.js";
import { needsPassphrase, readPrivateKeys } from "../../keys/key-file.js";
import { parseJson } from "../../oci/json-text.js";
import { readCertificates } from "./certificate-file.js";
import { readChain, type SigningChain } from "./chain/chain.js";
import { itemsOf, type Members, membersOf, quoted, textOf } from "./json-shape.js";
import { readConfiguration } from "./notation-directory.js";

/** Where a key and its certificates are. */
export interface KeyFiles {
  readonly keyFile: string;
  /** Leaf first, root last. */
  readonly chainFile: string;
  /** For the key, if it is encrypted; notation's own are not. */
  readonly passphrase?: Uint8Array | undefined;
}

/** A private key with a chain that keeps the rules, whose leaf has that key. */
export interface ChainedKey {
  readonly key: KeyObject;
  readonly chain: SigningChain;
}

/**
 * The files that `text` names: `KEYFILE,CHAINFILE`, or the NAME of one in notation's directory. USAGE when it is neither, and
 * codes as of {@link findSigningKey}.
 */
export async function keyFilesFrom(text: string, directory: string): Promise<KeyFiles> {
  const [first = "", chainFile, ...more] = text.split(",");
  if (first === "" || chainFile === "" || more.length > 0) {
    throw new OciEncError("USAGE", `not a Notary key: ${quoted(text)}`, { hint: "write NAME or KEYFILE,CHAINFILE" });
  }
  return chainFile === undefined ? findSigningKey(directory, first) : { keyFile: first, chainFile };
}

/**
 * The files of the key `name` that `signingkeys.json` in notation's directory lists. NOT_FOUND when it is not there,
 * UNSUPPORTED for a key that a plugin keeps, CORRUPT when the file is not valid.
 */
export async function findSigningKey(directory: string, name: string): Promise<KeyFiles> {
  const path = join(directory, "signingkeys.json");
  const bytes = await readConfiguration(path, true);
  try {
    return keyFilesOf(bytes, directory, name);
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code !== "CORRUPT") throw error;
    throw new OciEncError("CORRUPT", `${quoted(path)} is not valid: ${error.message}`, { cause: error });
  }
}

/**
 * Reads both files. KEY_INVALID when one of them cannot be read, when the chain breaks a rule, or when its leaf is not the
 * certificate of the key.
 */
export async function readChainedKey({ keyFile, chainFile, passphrase }: KeyFiles): Promise<ChainedKey> {
  const value = await readConfiguration(keyFile, true);
  if (passphrase === undefined && needsPassphrase(value)) {
    throw new OciEncError("KEY_INVALID", `${quoted(keyFile)} is encrypted, and no passphrase was given`, {
      hint: "give its passphrase with --sign-passphrase-file FILE",
    });
  }
  const [key] = readPrivateKeys(
    { value, origin: keyFile, passphrase },
    { purpose: "sign", accept: (found) => found.key },
  );
  const chain = validChain(await readConfiguration(chainFile, true), chainFile);
  if (key === undefined || !createPublicKey(key).equals(chain.leaf.publicKey)) {
    throw new OciEncError(
      "KEY_INVALID",
      `${quoted(chainFile)} does not begin with the certificate of ${quoted(keyFile)}`,
      {
        hint: "the chain goes from the certificate of the key to the root",
      },
    );
  }
  return { key, chain };
}

function validChain(bytes: Uint8Array, origin: string): SigningChain {
  const certificates = readCertificates(bytes, origin);
  try {
    return readChain(certificates.map(({ encoded }) => encoded));
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    throw new OciEncError("KEY_INVALID", `${quoted(origin)} cannot be signed with: ${error.message}`, { cause: error });
  }
}

function keyFilesOf(bytes: Uint8Array, directory: string, name: string): KeyFiles {
  const what = "the list of signing keys";
  const list = membersOf(parseJson(bytes, what).root, what);
  const keys = itemsOf(list.get("keys"), '"keys"').map((key) => membersOf(key, "a key"));
  const named = keys.filter((key) => textOf(key.get("name"), '"name" of a key') === name);
  const [key, ...more] = named;
  if (key === undefined) throw new OciEncError("NOT_FOUND", `there is no signing key ${quoted(name)}`);
  if (more.length > 0) throw new OciEncError("CORRUPT", `the signing key ${quoted(name)} is there twice`);
  return filesOf(key, directory, name);
}

function filesOf(key: Members, directory: string, name: string): KeyFiles {
  if (!key.has("keyPath") && key.has("pluginName")) {
    throw new OciEncError("UNSUPPORTED", `the signing key ${quoted(name)} is kept by a plugin, which is not run here`);
  }
  return {
    keyFile: resolve(directory, textOf(key.get("keyPath"), `"keyPath" of ${quoted(name)}`)),
    chainFile: resolve(directory, textOf(key.get("certPath"), `"certPath" of ${quoted(name)}`)),
  };
}
