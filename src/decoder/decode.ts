import { abortable } from "../bytes/abortable.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { openEnvelope, type Unwrapped } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";
import { readKeysDirectory } from "./keys-directory.js";
import type { Payload } from "./payload.js";
import { readableKeys, unusableKeys } from "./readable-keys.js";

/** What is needed to decrypt one layer. */
export interface DecodeOptions {
  /** Envelopes with their keys, in the order in which they are tried; the first that a key decrypts is the layer's. At least one. */
  readonly payloads: Iterable<Payload>;
  /** Where the node's own keys are: a directory, or one file. */
  readonly keysPath: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decrypts one layer with the node's keys and those of the payload, in this order. Fails inside the stream (CORRUPT)
 * before the last chunk when the HMAC does not match. KEY_MISMATCH when no key decrypts it, or there is none, naming
 * the files that could not be used; NOT_FOUND and LOCAL_IO for the directory of keys.
 */
export async function* decodeLayer(bytes: ByteStream, options: DecodeOptions): AsyncGenerator<Uint8Array> {
  const { payloads, keysPath, signal } = options;
  const own = keysPath === undefined ? [] : readKeysDirectory(keysPath);
  const { unwrapped, size } = await openFirst(payloads, own);
  try {
    const encrypted = signal === undefined ? bytes : abortable(bytes, signal);
    yield* unwrapped.cipher.open(encrypted, unwrapped.options, size);
  } finally {
    unwrapped.options.private.symmetricKey.fill(0);
  }
}

/** The first that a key decrypts; where there is none, what was wrong with the first. */
async function openFirst(
  payloads: Iterable<Payload>,
  own: readonly DecryptionKey[],
): Promise<{ readonly unwrapped: Unwrapped; readonly size: number }> {
  let failure: unknown;
  for (const { annotations, size, keys: sent } of payloads) {
    const keys = [...own, ...sent];
    try {
      return { unwrapped: await openEnvelope(annotations, await readableKeys(keys, annotations)), size };
    } catch (error) {
      failure ??= await explained(error, keys);
    }
  }
  throw failure;
}

/** Adds the keys that could not be read: one of them may be the right one. */
async function explained(error: unknown, keys: readonly DecryptionKey[]): Promise<unknown> {
  if (!(error instanceof OciEncError) || error.code !== "KEY_MISMATCH") return error;
  const cause = new AggregateError((await unusableKeys(keys)).slice(0, 50));
  if (keys.length > 0) return error.with({ cause });
  return error.with({
    message: "missing private key needed for decryption",
    cause,
    hint: `no key came with a payload, and none is in the node's directory of keys; ${error.hint ?? ""}`,
  });
}
