import { abortable } from "../bytes/abortable.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { chooseEnvelope } from "./choose-envelope.js";
import { readKeysDirectory } from "./keys-directory.js";
import type { Payload } from "./payload.js";

/** What is needed to decrypt one layer. */
export interface DecodeOptions {
  /** Envelopes with their keys, as `chooseEnvelope` takes them. At least one. */
  readonly payloads: Iterable<Payload>;
  /** Where the node's own keys are: a directory, or one file. */
  readonly keysPath: string | undefined;
  /** The layer's first bytes, where there may be several envelopes. */
  readonly start?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decrypts one layer with the node's keys and those of the payload, in this order. Fails inside the stream (CORRUPT)
 * before the last chunk when the HMAC does not match. KEY_MISMATCH when no key decrypts it, or there is none, naming
 * the files that could not be used; NOT_FOUND and LOCAL_IO for the directory of keys.
 */
export async function* decodeLayer(bytes: ByteStream, options: DecodeOptions): AsyncGenerator<Uint8Array> {
  const { payloads, keysPath, start, signal } = options;
  const own = keysPath === undefined ? [] : readKeysDirectory(keysPath);
  const { unwrapped, size, otherHmacs } = await chooseEnvelope({ payloads, own, start });
  try {
    const encrypted = signal === undefined ? bytes : abortable(bytes, signal);
    yield* unwrapped.cipher.open(encrypted, unwrapped.options, size, otherHmacs);
  } finally {
    unwrapped.options.private.symmetricKey.fill(0);
  }
}
