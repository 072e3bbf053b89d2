import { createCipheriv, createDecipheriv } from "node:crypto";
import { OciEncError } from "../../../errors.js";
import {
  type DerValue,
  der,
  expect,
  objectIdentifier,
  parts,
  smallInteger,
  tags,
  valuesIn,
} from "../../../keys/x509/der.js";

/** How a CMS message's content is encrypted. */
export interface ContentAlgorithm {
  readonly mode: "gcm" | "cbc";
  /** As Node names it. */
  readonly cipher: "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" | CbcCipher;
  readonly keySize: number;
  /** The nonce of GCM, the initialization vector of CBC. */
  readonly nonce: Uint8Array;
}

type CbcCipher = "aes-128-cbc" | "aes-192-cbc" | "aes-256-cbc" | "des-ede3-cbc";

/**
 * Reads an AlgorithmIdentifier of {@link cipherTable}'s, its parameters in the standard form (RFC 5084) or in Go's.
 * CORRUPT when it is malformed, or when it asks for a nonce or tag of another length than the usual: a shorter tag is
 * how a forger would start. UNSUPPORTED for another algorithm.
 */
export function readContentAlgorithm(value: DerValue): ContentAlgorithm {
  const [identifier, parameters] = parts(value);
  const dotted = objectIdentifier(identifier);
  const known = cipherTable.get(dotted);
  if (known === undefined) throw new OciEncError("UNSUPPORTED", `content encryption ${dotted} is not known here`);
  if (known.mode === "gcm") return { ...known, nonce: gcmNonce(parameters) };
  const nonce = expect(parameters, tags.octetString).content;
  if (nonce.length !== known.blockSize) throw badParameters();
  return { ...known, nonce };
}

/**
 * The 21 bytes that Go's libraries write and insist on: a SEQUENCE whose form bit says primitive, around the real one,
 * whose nonce is tagged [4].
 */
export function encodeGoParameters(nonce: Uint8Array): Uint8Array {
  return der(0x10, der(tags.sequence, der(0x84, nonce), der(tags.integer, Buffer.of(tagSize))));
}

/** Encrypts with AES-128-GCM; the tag follows the ciphertext. */
export function sealContent(key: Uint8Array, nonce: Uint8Array, secret: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-gcm", key, nonce, { authTagLength: tagSize });
  return Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
}

/** A CMS message's ciphertext and what is needed with the key to open it. */
export interface SealedBytes {
  readonly content: ContentAlgorithm;
  readonly ciphertext: Uint8Array;
  readonly additionalData: Uint8Array;
}

/** The content, or undefined when this key does not open it. Does not say why: neither may the caller. */
export function openContent(key: Uint8Array, sealed: SealedBytes): Uint8Array | undefined {
  try {
    return openGcm(key, sealed) ?? openCbc(key, sealed);
  } catch {
    // A tag or padding that does not match: it is not this content's key.
    return undefined;
  }
}

const tagSize = 16;
const nonceSize = 12;

function openGcm(key: Uint8Array, { content, ciphertext, additionalData }: SealedBytes): Uint8Array | undefined {
  if (content.cipher !== "aes-128-gcm" && content.cipher !== "aes-192-gcm" && content.cipher !== "aes-256-gcm") {
    return undefined;
  }
  const end = ciphertext.length - tagSize;
  if (end < 0) throw badParameters();
  const decipher = createDecipheriv(content.cipher, key, content.nonce, { authTagLength: tagSize });
  decipher.setAAD(additionalData);
  decipher.setAuthTag(ciphertext.subarray(end));
  return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]);
}

function openCbc(key: Uint8Array, { content, ciphertext }: SealedBytes): Uint8Array {
  const decipher = createDecipheriv(content.cipher, key, content.nonce);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

function gcmNonce(parameters: DerValue | undefined): Uint8Array {
  const [nonce, length, ...more] = gcmMembers(parameters);
  if (nonce === undefined || (nonce.tag !== tags.octetString && nonce.tag !== 0x84)) throw badParameters();
  // RFC 5084 section 3.2: a tag of 12 bytes where the length is left out.
  if (nonce.content.length !== nonceSize || length === undefined || smallInteger(length) !== tagSize) {
    throw badParameters();
  }
  if (more.length > 0) throw badParameters();
  return nonce.content;
}

/** Inside Go's outer value, primitive or not, is one SEQUENCE; in the standard form the members follow at once. */
function gcmMembers(parameters: DerValue | undefined): readonly DerValue[] {
  if (parameters === undefined || (parameters.tag !== 0x10 && parameters.tag !== tags.sequence)) throw badParameters();
  const members = valuesIn(parameters.content);
  const [inner] = members;
  return inner?.tag === tags.sequence && members.length === 1 ? valuesIn(inner.content) : members;
}

function badParameters(): OciEncError {
  return new OciEncError("CORRUPT", "the CMS message's content encryption has parameters of an unexpected form");
}

type KnownCipher =
  | { readonly mode: "gcm"; readonly cipher: ContentAlgorithm["cipher"]; readonly keySize: number }
  | { readonly mode: "cbc"; readonly cipher: CbcCipher; readonly keySize: number; readonly blockSize: number };

/** By dotted identifier (RFC 3565, RFC 5084, RFC 3370). The oldest is read because skopeo reads it. */
const cipherTable: ReadonlyMap<string, KnownCipher> = new Map<string, KnownCipher>([
  ["2.16.840.1.101.3.4.1.6", { mode: "gcm", cipher: "aes-128-gcm", keySize: 16 }],
  ["2.16.840.1.101.3.4.1.26", { mode: "gcm", cipher: "aes-192-gcm", keySize: 24 }],
  ["2.16.840.1.101.3.4.1.46", { mode: "gcm", cipher: "aes-256-gcm", keySize: 32 }],
  ["2.16.840.1.101.3.4.1.2", { mode: "cbc", cipher: "aes-128-cbc", keySize: 16, blockSize: 16 }],
  ["2.16.840.1.101.3.4.1.22", { mode: "cbc", cipher: "aes-192-cbc", keySize: 24, blockSize: 16 }],
  ["2.16.840.1.101.3.4.1.42", { mode: "cbc", cipher: "aes-256-cbc", keySize: 32, blockSize: 16 }],
  ["1.2.840.113549.3.7", { mode: "cbc", cipher: "des-ede3-cbc", keySize: 24, blockSize: 8 }],
]);
