import { randomBytes, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { isBase64 } from "../../bytes/base64.js";
import { OciEncError } from "../../errors.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";

/** The label of what {@link encryptKey} writes. */
export const encryptedKeyLabel = "ENCRYPTED SIGSTORE PRIVATE KEY";

/** That one, and the one of older files. */
export const encryptedKeyLabels: readonly string[] = [encryptedKeyLabel, "ENCRYPTED COSIGN PRIVATE KEY"];

/** The file itself says how costly it is to decrypt: only the costs that other tools write are accepted. */
const costs: readonly ScryptCost[] = [
  { N: 32768, r: 8, p: 1 },
  { N: 65536, r: 8, p: 1 },
  { N: 131072, r: 8, p: 1 },
];
const writtenCost: ScryptCost = { N: 65536, r: 8, p: 1 };

/**
 * Decrypts the body of an encrypted private key. The result is PKCS#8, and the caller overwrites it. `signing-and-policy.md` 1.4.
 * KEY_INVALID when the body is malformed, asks for another cost than the three that are in use, or the passphrase is wrong.
 */
export async function decryptKey(body: Uint8Array, passphrase: Uint8Array, origin: string): Promise<Uint8Array> {
  const file = readBody(body, origin);
  const key = await deriveKey(passphrase, file.salt, file.cost);
  try {
    return xsalsa20poly1305(key, file.nonce).decrypt(file.ciphertext);
  } catch {
    throw invalid(`the passphrase for the private key in ${quoted(origin)} is wrong`);
  } finally {
    key.fill(0);
  }
}

/** The body of an encrypted private key, for a PEM block with {@link encryptedKeyLabel}. The passphrase may be empty. */
export async function encryptKey(pkcs8: Uint8Array, passphrase: Uint8Array): Promise<Uint8Array> {
  const salt = randomBytes(32);
  const nonce = randomBytes(24);
  const key = await deriveKey(passphrase, salt, writtenCost);
  const ciphertext = xsalsa20poly1305(key, nonce).encrypt(pkcs8);
  key.fill(0);
  const file = {
    kdf: { name: "scrypt", params: writtenCost, salt: salt.toString("base64") },
    cipher: { name: "nacl/secretbox", nonce: nonce.toString("base64") },
    ciphertext: Buffer.from(ciphertext).toString("base64"),
  };
  return Buffer.from(JSON.stringify(file));
}

/** RFC 7914's parameters, named as the file names them. */
interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

async function deriveKey(passphrase: Uint8Array, salt: Uint8Array, { N, r, p }: ScryptCost): Promise<Buffer> {
  const derive = promisify<Uint8Array, Uint8Array, number, object, Buffer>(scrypt);
  return await derive(passphrase, salt, 32, { N, r, p, maxmem: 2 * 128 * N * r });
}

interface EncryptedKey {
  readonly cost: ScryptCost;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

function readBody(body: Uint8Array, origin: string): EncryptedKey {
  const what = `the private key in ${quoted(origin)}`;
  const { root } = parsed(body, what);
  requireWord(root, "kdf.name", { word: "scrypt", what });
  requireWord(root, "cipher.name", { word: "nacl/secretbox", what });
  const cost = costs.find((row) =>
    Object.entries(row).every(([name, value]) => {
      const node = memberAt(root, `kdf.params.${name}`);
      return node?.kind === "number" && node.value === value;
    }),
  );
  if (!cost) {
    throw invalid(
      `${what} asks for another scrypt cost than any tool writes`,
      "it may be meant to exhaust this machine",
    );
  }
  return {
    cost,
    salt: binaryAt(root, "kdf.salt", { length: 32, what }),
    nonce: binaryAt(root, "cipher.nonce", { length: 24, what }),
    ciphertext: binaryAt(root, "ciphertext", { what }),
  };
}

/** The value under a path of member names. */
function memberAt(root: JsonNode, path: string): JsonNode | undefined {
  return path.split(".").reduce<JsonNode | undefined>((node, key) => node && memberOf(node, key), root);
}

function requireWord(root: JsonNode, path: string, { word, what }: { word: string; what: string }): void {
  const node = memberAt(root, path);
  if (node?.kind !== "string" || node.value !== word) throw invalid(`${what}: ${path} is not ${word}`);
}

function binaryAt(root: JsonNode, path: string, { length, what }: { length?: number; what: string }): Uint8Array {
  const node = memberAt(root, path);
  const bytes = node?.kind === "string" && isBase64(node.value) ? Buffer.from(node.value, "base64") : undefined;
  if (!bytes || (length !== undefined && bytes.length !== length)) throw invalid(`${what} has no valid ${path}`);
  return bytes;
}

function parsed(body: Uint8Array, what: string): { readonly root: JsonNode } {
  try {
    return parseJson(body, what);
  } catch (cause) {
    throw invalid(`${what} is malformed`, undefined, cause);
  }
}

function quoted(origin: string): string {
  return JSON.stringify(origin.slice(0, 160));
}

function invalid(message: string, hint?: string, cause?: unknown): OciEncError {
  return new OciEncError("KEY_INVALID", message, { hint, cause });
}
