import { constants, type KeyObject, privateDecrypt, publicEncrypt, randomBytes } from "node:crypto";
import { type DerValue, objectIdentifier, parts } from "../../../keys/x509/der.js";
import { type KeyTransport, rsaEncryption, rsaesOaep } from "./enveloped-data.js";

/** Wraps a content key as RSAES-PKCS1-v1_5 does: the only form that Go's libraries write. */
export function wrapKey(publicKey: KeyObject, contentKey: Uint8Array): Uint8Array {
  return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, contentKey);
}

/**
 * Unwraps a content key of `size` bytes. When the padding does not hold, or the key is not the recipient's, the result
 * is random, and the content fails to decrypt later as with any wrong key, so that the reason stays hidden.
 * Undefined: a key transport that is not known here.
 */
export function unwrapKey(privateKey: KeyObject, transport: KeyTransport, size: number): Uint8Array | undefined {
  if (transport.algorithm === rsaEncryption) return unwrapPkcs1(privateKey, transport.encryptedKey, size);
  if (transport.algorithm !== rsaesOaep) return undefined;
  const hash = oaepHash(transport.parameters);
  return hash === undefined ? undefined : unwrapOaep(privateKey, transport.encryptedKey, { hash, size });
}

/**
 * RFC 8017 section 7.2.2 with implicit rejection. Node refuses this padding where its OpenSSL does not reject implicitly
 * itself (CVE-2023-46809), so the padding is taken off here, without a branch or an index that depends on its bytes.
 */
export function unpadPkcs1(block: Uint8Array, substitute: Uint8Array): Uint8Array {
  const separator = block.length - substitute.length - 1;
  let wrong = octet(block, 0) | (octet(block, 1) ^ 2) | octet(block, separator);
  // A zero octet becomes 1 in the highest bit once one is taken from it.
  for (let index = 2; index < separator; index += 1) wrong |= (octet(block, index) - 1) >>> 31;
  // All ones when something was wrong, else zero.
  const mask = -((wrong | -wrong) >>> 31);
  return substitute.map((random, index) => (octet(block, separator + 1 + index) & ~mask) | (random & mask));
}

/** Eight octets of padding at least, the two before it and the separator behind it. */
const paddingOverhead = 11;

function unwrapPkcs1(privateKey: KeyObject, encryptedKey: Uint8Array, size: number): Uint8Array {
  const substitute = randomBytes(size);
  const block = rawDecrypt(privateKey, encryptedKey);
  if (block.length < size + paddingOverhead) return substitute;
  try {
    return unpadPkcs1(block, substitute);
  } finally {
    block.fill(0);
  }
}

/** A number that RSA cannot take, too large or of another length, is public knowledge: any wrong block serves for it. */
function rawDecrypt(privateKey: KeyObject, encryptedKey: Uint8Array): Uint8Array {
  try {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encryptedKey);
  } catch {
    // All zeros fail the padding check like any other bad block.
    return new Uint8Array((privateKey.asymmetricKeyDetails?.modulusLength ?? 0) >> 3);
  }
}

function unwrapOaep(
  privateKey: KeyObject,
  encryptedKey: Uint8Array,
  expected: { readonly hash: string; readonly size: number },
): Uint8Array {
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const key = privateDecrypt({ key: privateKey, padding, oaepHash: expected.hash }, encryptedKey);
    return key.length === expected.size ? key : randomBytes(expected.size);
  } catch {
    // Treated like the older padding: a random key, which opens nothing.
    return randomBytes(expected.size);
  }
}

/** RFC 8017 appendix A.2.1: SHA-1 where nothing is said. A label, or a mask of another hash, is not known here. */
function oaepHash(parameters: DerValue | undefined): string | undefined {
  const members = parameters === undefined ? [] : parts(parameters);
  if (members.some((member) => member.tag !== 0xa0 && member.tag !== 0xa1)) return undefined;
  const hash = hashOf(members.find((member) => member.tag === 0xa0));
  const maskFunction = members.find((member) => member.tag === 0xa1);
  const [, maskParameters] = maskFunction === undefined ? [] : parts(onlyPart(maskFunction) ?? maskFunction);
  const maskHash = maskParameters === undefined ? "sha1" : hashNames.get(objectIdentifier(onlyFirst(maskParameters)));
  return hash === maskHash ? hash : undefined;
}

function hashOf(member: DerValue | undefined): string | undefined {
  if (member === undefined) return "sha1";
  const algorithm = onlyPart(member);
  return algorithm && hashNames.get(objectIdentifier(onlyFirst(algorithm)));
}

function onlyPart(value: DerValue): DerValue | undefined {
  return parts(value)[0];
}

function onlyFirst(algorithm: DerValue): DerValue | undefined {
  return parts(algorithm)[0];
}

const hashNames: ReadonlyMap<string, string> = new Map([
  ["1.3.14.3.2.26", "sha1"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

function octet(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
