import { abortable } from "../bytes/abortable.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { openEnvelope } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";
import { readKeysDirectory } from "./keys-directory.js";
import type { Payload } from "./payload.js";
import { readableKeys, unusableKeys } from "./readable-keys.js";

/** What is needed to decrypt one layer. */
export interface DecodeOptions {
  readonly payload: Payload;
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
  const { payload, keysPath, signal } = options;
  const own = keysPath === undefined ? [] : readKeysDirectory(keysPath);
  const keys = [...own, ...payload.keys];
  const keyring = await readableKeys(keys, payload.annotations);
  const unwrapped = await openEnvelope(payload.annotations, keyring).catch(async (error: unknown) => {
    throw await explained(error, keys);
  });
  try {
    const encrypted = signal === undefined ? bytes : abortable(bytes, signal);
    yield* unwrapped.cipher.open(encrypted, unwrapped.options, payload.size);
  } finally {
    unwrapped.options.private.symmetricKey.fill(0);
  }
}

/** Adds the keys that could not be read: one of them may be the right one. */
async function explained(error: unknown, keys: readonly DecryptionKey[]): Promise<unknown> {
  if (!(error instanceof OciEncError) || error.code !== "KEY_MISMATCH") return error;
  const cause = new AggregateError((await unusableKeys(keys)).slice(0, 50));
  if (keys.length > 0) return error.with({ cause });
  return error.with({
    message: "missing private key needed for decryption",
    cause,
    hint: `no key came with the payload, and none is in the node's directory of keys; ${error.hint ?? ""}`,
  });
}
