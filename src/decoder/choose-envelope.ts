import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { openEnvelope, type Unwrapped } from "../crypt/layer.js";
import { encodePrivateOptions } from "../crypt/layer-options.js";
import { OciEncError } from "../errors.js";
import type { Payload } from "./payload.js";
import { readableKeys, unusableKeys } from "./readable-keys.js";

/** Envelopes of one layer, and what is there to choose by. */
export interface Candidates {
  /** In the order in which they are tried; at least one. */
  readonly payloads: Iterable<Payload>;
  /** The node's own keys. */
  readonly own: readonly DecryptionKey[];
  /** The layer's first encrypted bytes, where they are known. */
  readonly start?: Uint8Array | undefined;
}

/** The envelope that a layer is decrypted with. */
export interface ChosenEnvelope {
  readonly unwrapped: Unwrapped;
  /** Of the layer, as its descriptor has it. */
  readonly size: number;
  /** What further envelopes with the same key give as HMAC. Once. */
  readonly otherHmacs: () => AsyncIterable<Uint8Array>;
}

/**
 * Chooses among the envelopes that a key decrypts. Whoever can have an image pulled can name somebody else's blob in it, so that
 * several are found in a content store:
 *
 * - One with another key makes noise of the layer. The first one is taken under which the layer begins as a layer does.
 * - One with the same wrapped key and another HMAC, which nothing protects, is as good as the right one until the end; there any
 *   HMAC of an envelope with this key will do, as nobody without the key can make one that matches.
 *
 * One that was made with a key under which the first bytes look right, which takes some searching, cannot be told from the right one:
 * both are whole. The newest is taken then, and containerd refuses what comes out when its diff id is not that of the image.
 *
 * Where no key decrypts any: KEY_MISMATCH, or what else was wrong with the first, with the files that could not be used.
 */
export async function chooseEnvelope({ payloads, own, start }: Candidates): Promise<ChosenEnvelope> {
  const failures: unknown[] = [];
  const opened = openEach(payloads, own, failures);
  const doubtful: OpenedEnvelope[] = [];
  for (let next = await opened.next(); !next.done; next = await opened.next()) {
    if (start === undefined || (await beginsAsLayer(start, next.value))) {
      doubtful.forEach(forget);
      return chosen(next.value, opened);
    }
    doubtful.push(next.value);
  }
  const [first, ...others] = doubtful;
  if (first === undefined) throw failures[0];
  return chosen(first, others);
}

async function beginsAsLayer(start: Uint8Array, { unwrapped: { cipher, options } }: OpenedEnvelope): Promise<boolean> {
  // Of use without a payload only.
  const { looksLikeLayer } = await import("./looks-like-layer.js");
  return looksLikeLayer(cipher.openStart(start, options));
}

interface OpenedEnvelope {
  readonly unwrapped: Unwrapped;
  readonly size: number;
}

async function* openEach(
  payloads: Iterable<Payload>,
  own: readonly DecryptionKey[],
  failures: unknown[],
): AsyncGenerator<OpenedEnvelope, void> {
  for (const { annotations, size, keys: sent } of payloads) {
    const keys = [...own, ...sent];
    let unwrapped: Unwrapped | undefined;
    try {
      unwrapped = await openEnvelope(annotations, await readableKeys(keys, annotations));
    } catch (error) {
      if (failures.length === 0) failures.push(await explained(error, keys));
    }
    if (unwrapped !== undefined) yield { unwrapped, size };
  }
}

function chosen(
  { unwrapped, size }: OpenedEnvelope,
  others: AsyncIterable<OpenedEnvelope> | Iterable<OpenedEnvelope>,
): ChosenEnvelope {
  async function* otherHmacs(): AsyncGenerator<Uint8Array> {
    for await (const other of others) {
      const isSame = hasSameKey(unwrapped, other.unwrapped);
      forget(other);
      if (isSame) yield other.unwrapped.options.public.hmac;
    }
  }
  return { unwrapped, size, otherHmacs };
}

function hasSameKey(one: Unwrapped, other: Unwrapped): boolean {
  const [first, second] = [one, other].map(({ options }) => Buffer.from(encodePrivateOptions(options.private)));
  const isSame = one.cipher === other.cipher && first !== undefined && second !== undefined && first.equals(second);
  first?.fill(0);
  second?.fill(0);
  return isSame;
}

/** Overwrites a key that is not used. */
function forget({ unwrapped }: OpenedEnvelope): void {
  unwrapped.options.private.symmetricKey.fill(0);
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
