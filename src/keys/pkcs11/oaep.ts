import { createHash } from "node:crypto";

/** The hashes of RSAES-OAEP that wrapped keys of PKCS#11 name, as they are written. */
export type OaepHash = "sha1" | "sha256";

/**
 * Takes RSAES-OAEP padding with an empty label off what the bare RSA operation of a token gave, RFC 8017 section 7.1.2
 * step 3: no branch and no index depends on its bytes before it is known whether the padding is right. Undefined when it does
 * not, whatever is wrong with it. `block` is as long as the modulus, and is overwritten.
 */
export function unpadOaep(block: Uint8Array, hash: OaepHash): Uint8Array | undefined {
  const expected = createHash(hash).digest();
  const size = expected.length;
  if (block.length < 2 * size + 2) return undefined;
  const [seed, data] = [block.subarray(1, 1 + size), block.subarray(1 + size)];
  mask(seed, data, hash);
  mask(data, seed, hash);
  let wrong = octet(block, 0);
  for (const [index, byte] of expected.entries()) wrong |= octet(data, index) ^ byte;
  // Ones all over once the octet 1 has been met that ends the padding; before it there are only zeros.
  let met = 0;
  let start = 0;
  for (let index = size; index < data.length; index += 1) {
    const byte = octet(data, index);
    const ends = ~met & whereZero(byte ^ 1);
    wrong |= ~met & ~ends & byte;
    start |= ends & (index + 1);
    met |= ends;
  }
  wrong |= ~met;
  const secret = wrong === 0 ? Uint8Array.from(data.subarray(start)) : undefined;
  block.fill(0);
  return secret;
}

/** Changes `bytes` by the mask of MGF1 (RFC 8017 appendix B.2.1) that `seed` makes. */
function mask(bytes: Uint8Array, seed: Uint8Array, hash: OaepHash): void {
  for (let counter = 0, at = 0; at < bytes.length; counter += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    const part = createHash(hash).update(seed).update(number).digest();
    for (const byte of part) {
      if (at < bytes.length) bytes[at] = octet(bytes, at) ^ byte;
      at += 1;
    }
  }
}

/** Ones all over where an octet is zero, else zeros. */
function whereZero(value: number): number {
  return ~((value | -value) >> 31);
}

function octet(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
