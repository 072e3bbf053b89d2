import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { ByteReader } from "../bytes/byte-reader.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";

// An entry is the wrapped key (nonce, key, tag) and then chunks of 64 KiB, each with its tag. The nonce of a chunk is its
// number and whether it is the last one: an entry that was cut short, or whose chunks were exchanged, does not open.

const algorithm = "aes-256-gcm";
const chunkSize = 64 * 1024;
const tagSize = 16;
const nonceSize = 12;
const keySize = 32;
const headSize = nonceSize + keySize + tagSize;

/** An entry being written. */
export interface SealingChunks {
  /** What the entry begins with. */
  readonly head: Uint8Array;
  /** The chunks that are complete with these bytes. */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** The last chunk; once. */
  end(): Uint8Array;
}

/** Encrypts under a key made for this entry alone, which `wrapping` protects. */
export function sealingChunks(wrapping: Uint8Array): SealingChunks {
  const key = randomBytes(keySize);
  const nonce = randomBytes(nonceSize);
  let rest: Uint8Array = new Uint8Array();
  let count = 0;
  const seal = (bytes: Uint8Array, last: boolean) => {
    const sealed = encrypt(key, chunkNonce(count, last), bytes);
    count += 1;
    return sealed;
  };
  return {
    head: Buffer.concat([nonce, encrypt(wrapping, nonce, key)]),
    push(bytes) {
      const chunks: Uint8Array[] = [];
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      for (; rest.length > chunkSize; rest = rest.subarray(chunkSize))
        chunks.push(seal(rest.subarray(0, chunkSize), false));
      rest = Buffer.from(rest);
      return chunks;
    },
    end: () => seal(rest, true),
  };
}

/** What an entry holds. CORRUPT when it was changed or cut short, or belongs to another layer. */
export async function* openingChunks(entry: ByteStream, wrapping: Uint8Array): AsyncGenerator<Uint8Array> {
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

function decrypt(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  try {
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagSize });
    decipher.setAuthTag(sealed.subarray(sealed.length - tagSize));
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagSize)), decipher.final()]);
  } catch (cause) {
    throw new OciEncError("CORRUPT", "a kept layer in the layer cache was changed", {
      cause,
      hint: "remove the cache's directory; it is made anew from the image",
    });
  }
}
