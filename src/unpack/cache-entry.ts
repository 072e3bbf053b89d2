import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { ByteReader } from "../bytes/byte-reader.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";

// An entry is the wrapped key (nonce, key, tag) and then chunks of 64 KiB, each with its tag. The nonce of a chunk holds its
// number and whether it is the last one: decryption fails for an entry that was cut short or whose chunks were exchanged.

const algorithm = "aes-256-gcm";
const chunkSize = 64 * 1024;
const tagSize = 16;
const nonceSize = 12;
const keySize = 32;
const headSize = nonceSize + keySize + tagSize;

/** Encrypts the content of an entry, chunk by chunk. */
export interface ChunkEncryptor {
  /** The first bytes of the entry. */
  readonly head: Uint8Array;
  /** The chunks that are complete with these bytes. */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** The last chunk; once. */
  end(): Uint8Array;
}

/** Encrypts with a new key, which is wrapped with `wrapping`. */
export function encryptChunks(wrapping: Uint8Array): ChunkEncryptor {
  const key = randomBytes(keySize);
  const nonce = randomBytes(nonceSize);
  let rest: Uint8Array = new Uint8Array();
  let count = 0;
  const next = (bytes: Uint8Array, last: boolean) => {
    const chunk = encrypt(key, chunkNonce(count, last), bytes);
    count += 1;
    return chunk;
  };
  return {
    head: Buffer.concat([nonce, encrypt(wrapping, nonce, key)]),
    push(bytes) {
      const chunks: Uint8Array[] = [];
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      for (; rest.length > chunkSize; rest = rest.subarray(chunkSize))
        chunks.push(next(rest.subarray(0, chunkSize), false));
      rest = Buffer.from(rest);
      return chunks;
    },
    end: () => next(rest, true),
  };
}

/** The content of an entry. CORRUPT when it was changed or cut short, or belongs to another layer. */
export async function* decryptChunks(entry: ByteStream, wrapping: Uint8Array): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(entry);
  try {
    const head = await reader.take(headSize);
    const key = decrypt(wrapping, head.subarray(0, nonceSize), head.subarray(nonceSize));
    let next = await reader.take(chunkSize + tagSize);
    for (let count = 0; ; count += 1) {
      const chunk = next;
      next = await reader.take(chunkSize + tagSize);
      const last = next.length === 0;
      yield decrypt(key, chunkNonce(count, last), chunk);
      if (last) return;
    }
  } finally {
    await reader.close();
  }
}

function chunkNonce(count: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(nonceSize);
  nonce.writeUIntBE(count, 0, 6);
  nonce[nonceSize - 1] = last ? 1 : 0;
  return nonce;
}

function encrypt(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm, key, nonce);
  return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, nonce: Uint8Array, encrypted: Uint8Array): Uint8Array {
  try {
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagSize });
    decipher.setAuthTag(encrypted.subarray(encrypted.length - tagSize));
    return Buffer.concat([decipher.update(encrypted.subarray(0, -tagSize)), decipher.final()]);
  } catch (cause) {
    throw new OciEncError("CORRUPT", "an entry of the layer cache was changed or is cut short", {
      cause,
      hint: "remove the cache directory; it is filled again from the image",
    });
  }
}
