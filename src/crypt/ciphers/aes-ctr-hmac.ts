import { createCipheriv, createDecipheriv, type Decipher, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { createHasher } from "../../bytes/create-hasher.js";
import { OciEncError } from "../../errors.js";
import type { Digest } from "../../oci/digest.js";
import type { BlockCipher, PlainLayer, Sealing } from "../block-cipher.js";
import type { LayerOptions, PublicOptions } from "../layer-options.js";

const id = "AES_256_CTR_HMAC_SHA256";
const keyLength = 32;
const nonceLength = 16;
const hmacLength = 32;

/** As many plain bytes are withheld until the HMAC has been checked; ocicrypt withholds as many. */
const withheld = 10 * 1024;

/**
 * AES-256 in counter mode, the nonce being the whole first counter block, and an HMAC-SHA256 with the same key over the
 * sealed bytes. The one cipher that every implementation of OCI image encryption reads. NIST SP 800-38A, RFC 2104.
 */
export const aesCtrHmac: BlockCipher = {
  id,
  sealedSize: (openSize) => openSize,
  openSize: (sealedSize) => sealedSize,
  seal,
  isBoundTo,
  sampleOptions: (digest) =>
    optionsOf(digest, {
      key: new Uint8Array(keyLength),
      nonce: new Uint8Array(nonceLength),
      hmac: new Uint8Array(hmacLength),
    }),
  checkPublic,
  check,
  open,
  openStart: (start, options) => decipherOf(options).update(start),
};

function seal({ bytes, size, diffId }: PlainLayer): Sealing {
  const key = randomBytes(keyLength);
  const nonce = diffId === undefined ? randomBytes(nonceLength) : nonceFor(key, diffId);
  let hmac: Uint8Array | undefined;
  async function* sealed(): AsyncGenerator<Uint8Array> {
    const cipher = createCipheriv("aes-256-ctr", key, nonce);
    const hasher = createHasher({ algorithm: "sha256", key, size });
    try {
      for await (const chunk of bytes) {
        const out = cipher.update(chunk);
        await hasher.update(out);
        yield out;
      }
      hmac = await hasher.digest();
    } finally {
      hasher.close();
    }
  }
  return {
    bytes: sealed(),
    options(digest) {
      if (!hmac) throw new Error("the options of a sealed layer were asked for before its end");
      return optionsOf(digest, { key, nonce, hmac });
    },
  };
}

/**
 * A nonce that only this diff id gives with this key, which is never used again. It is as good as a random one (SP 800-38A,
 * appendix B: no counter block twice with one key), and who decrypts can tell by it what the layer was in its image, where
 * the format has no place for that. HKDF (RFC 5869) keeps it apart from the HMAC of the content.
 */
function nonceFor(key: Uint8Array, diffId: Digest): Uint8Array {
  return new Uint8Array(
    hkdfSync("sha256", key, new Uint8Array(), `nonce of the layer with diff id ${diffId}`, nonceLength),
  );
}

function isBoundTo({ private: { symmetricKey, cipherOptions } }: LayerOptions, diffId: Digest): boolean {
  const nonce = cipherOptions["nonce"];
  return nonce?.length === nonceLength && timingSafeEqual(nonce, nonceFor(symmetricKey, diffId));
}

interface Parts {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly hmac: Uint8Array;
}

function optionsOf(digest: Digest, { key, nonce, hmac }: Parts): LayerOptions {
  return {
    public: { cipher: id, hmac, cipherOptions: {} },
    private: { symmetricKey: key, digest, cipherOptions: { nonce } },
  };
}

function checkPublic({ cipher, hmac }: PublicOptions): void {
  if (cipher !== id) throw refused("it is encrypted with another cipher");
  requireLength("the HMAC", hmac, hmacLength);
}

function check(options: LayerOptions): void {
  checkPublic(options.public);
  requireLength("the wrapped key", options.private.symmetricKey, keyLength);
  const nonce = options.private.cipherOptions["nonce"];
  if (!nonce) throw refused("its wrapped options have no nonce");
  requireLength("the wrapped nonce", nonce, nonceLength);
  const open = options.public.cipherOptions["nonce"];
  if (open && (open.length !== nonce.length || !timingSafeEqual(open, nonce))) {
    throw refused("its public nonce, which nothing protects, differs from the wrapped one");
  }
}

function decipherOf(options: LayerOptions): Decipher {
  check(options);
  const { symmetricKey, cipherOptions } = options.private;
  return createDecipheriv("aes-256-ctr", symmetricKey, cipherOptions["nonce"] ?? new Uint8Array());
}

async function* open(
  bytes: ByteStream,
  options: LayerOptions,
  size: number,
  otherHmacs?: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const decipher = decipherOf(options);
  const hasher = createHasher({ algorithm: "sha256", key: options.private.symmetricKey, size });
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  try {
    for await (const chunk of bytes) {
      await hasher.update(chunk);
      held.push(decipher.update(chunk));
      heldBytes += chunk.length;
      for (let first = held[0]; first && heldBytes - first.length >= withheld; first = held[0]) {
        held.shift();
        heldBytes -= first.length;
        yield first;
      }
    }
    const hmac = await hasher.digest();
    if (!timingSafeEqual(hmac, options.public.hmac) && !(await isAmong(hmac, otherHmacs))) {
      throw refused("its HMAC does not match: the encrypted bytes or the HMAC were changed");
    }
    yield* held;
  } finally {
    hasher.close();
  }
}

async function isAmong(hmac: Uint8Array, others: (() => AsyncIterable<Uint8Array>) | undefined): Promise<boolean> {
  for await (const other of others?.() ?? []) {
    if (other.length === hmac.length && timingSafeEqual(other, hmac)) return true;
  }
  return false;
}

function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new OciEncError("CORRUPT", `${what} has ${bytes.length} bytes, not ${length}`);
}

function refused(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the layer cannot be decrypted: ${why}`);
}
