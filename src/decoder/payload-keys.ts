import { isBase64 } from "../bytes/base64.js";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { schemes } from "../crypt/schemes/index.js";
import { OciEncError } from "../errors.js";

/**
 * The keys in a payload's parameters, under the names that ocicrypt gives them: private keys with their passphrases,
 * certificates, and what the rows of the key schemes say is theirs. CORRUPT.
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
  const others = [...lists].filter(([name]) => !reserved.has(name)).flatMap(([name, list]) => otherKeys(name, list));
  return [...known, ...others];
}

interface KeyParameter {
  readonly name: string;
  readonly passphrases?: string;
  /** Undefined: any scheme that can read it. */
  readonly scheme: string | undefined;
}

const rows = [...schemes.values()];

const knownKeys: readonly KeyParameter[] = [
  { name: "privkeys", passphrases: "privkeys-passwords", scheme: undefined },
  { name: "x509s", scheme: undefined },
  ...rows.flatMap(({ scheme, payload }) => (payload?.keys ?? []).map((keys) => ({ ...keys, scheme }))),
];

/** Names that a scheme without names of its own does not get. */
const reserved: ReadonlySet<string> = new Set([
  ...knownKeys.flatMap(({ name, passphrases }) => [name, ...(passphrases === undefined ? [] : [passphrases])]),
  ...rows.flatMap(({ payload }) => payload?.ignored ?? []),
]);

function otherKeys(name: string, list: readonly (Uint8Array | undefined)[]): readonly DecryptionKey[] {
  return rows.flatMap(({ scheme, payload }) =>
    list.flatMap((parameter) => {
      const key = payload?.other?.(name, parameter ?? new Uint8Array());
      return key === undefined ? [] : [{ ...key, scheme, passphrase: undefined }];
    }),
  );
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
