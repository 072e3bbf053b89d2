import { isBase64 } from "../bytes/base64.js";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { OciEncError } from "../errors.js";

/**
 * The keys in a payload's parameters, under the names that ocicrypt gives them: private keys and OpenPGP keys with their
 * passphrases, certificates, PKCS#11 keys, and under any other name the parameter of a key provider. CORRUPT.
 */
export function payloadKeys(parameters: ReadonlyMap<string, unknown>): readonly DecryptionKey[] {
  const lists = new Map([...parameters].map(([name, value]) => [name, values(name, value)]));
  const known = knownKeys.flatMap(({ name, passphrases, scheme }) => {
    const given = passphrases === undefined ? [] : (lists.get(passphrases) ?? []);
    return (lists.get(name) ?? []).map((value, index) => ({
      scheme,
      value: value ?? new Uint8Array(),
      passphrase: given[index],
      origin: `${name}[${index}] of the payload`,
    }));
  });
  const providers = [...lists]
    .filter(([name]) => !reserved.has(name))
    .flatMap(([name, list]) => providerKeys(name, list));
  return [...known, ...providers];
}

const knownKeys: readonly {
  readonly name: string;
  readonly passphrases?: string;
  /** Undefined: any scheme that can read it. */
  readonly scheme: string | undefined;
}[] = [
  { name: "privkeys", passphrases: "privkeys-passwords", scheme: undefined },
  { name: "gpg-privatekeys", passphrases: "gpg-privatekeys-passwords", scheme: "pgp" },
  { name: "x509s", scheme: undefined },
  { name: "pkcs11-yamls", scheme: "pkcs11" },
];

/** Names that are no provider's. What configures gpg or PKCS#11 modules is the node's business, not the client's. */
const reserved: ReadonlySet<string> = new Set([
  ...knownKeys.flatMap(({ name, passphrases }) => [name, ...(passphrases === undefined ? [] : [passphrases])]),
  "gpg-client",
  "gpg-client-version",
  "gpg-recipients",
  "pkcs11-config",
]);

function providerKeys(name: string, list: readonly (Uint8Array | undefined)[]): readonly DecryptionKey[] {
  return list.map((parameter) => ({
    scheme: "provider",
    value: Buffer.concat([Buffer.from(`${name}:`), parameter ?? new Uint8Array()]),
    passphrase: undefined,
    origin: `the provider ${name} of the payload`,
  }));
}

/** Null stands for a passphrase that was not given. */
function values(name: string, value: unknown): readonly (Uint8Array | undefined)[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw notAList(name);
  return value.map((item: unknown) => {
    if (item === null) return undefined;
    if (typeof item !== "string" || !isBase64(item)) throw notAList(name);
    return Buffer.from(item, "base64");
  });
}

function notAList(name: string): Error {
  return malformedPayload(`its parameter ${JSON.stringify(name.slice(0, 80))} is not a list of base64 texts`);
}

/** CORRUPT: the payload is not what the client should have sent. Nothing of its content appears in the message. */
export function malformedPayload(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the payload on descriptor 3 is malformed: ${why}`);
}
