import type { GrowthLimits } from "../../bytes/budget.js";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { digesting } from "../../bytes/digesting.js";
import { memoized } from "../../bytes/memoized.js";
import { progressMeter } from "../../bytes/progress-meter.js";
import { tee } from "../../bytes/tee.js";
import { uncompressedDigest } from "../../bytes/uncompressed-digest.js";
import { verifying } from "../../bytes/verifying.js";
import type { Keyring, Unwrapped } from "../../crypt/layer.js";
import { checkLayerAccess } from "../../crypt/layer-access.js";
import { OciEncError } from "../../errors.js";
import { algorithmOf, type Digest } from "../../oci/digest.js";
import { printPlatform } from "../../oci/platform.js";
import type { PlannedBlob, Progress } from "../../progress.js";
import type { ImageSource } from "../../transport/transport.js";
import { encryptedLayers, type Subject, type SubjectLayer } from "./subject.js";

/** What a key shows of one encrypted layer. */
export interface DecryptedLayer {
  readonly subject: SubjectLayer;
  /** Undefined: it was opened. Else why it was not. */
  readonly refused: OciEncError | undefined;
  readonly content: LayerContent | undefined;
}

/** What came out of a layer that was read to its end. */
export interface LayerContent {
  readonly wrapped: Digest | undefined;
  /** Undefined: the stored bytes or the HMAC did not hold. */
  readonly plain: Digest | undefined;
  /** Of the uncompressed content; undefined when it cannot be decompressed, or the config names none. */
  readonly diffId: Digest | undefined;
  /** What broke: the stored bytes are not those of the digest, or the HMAC does not hold. */
  readonly failure: { readonly of: "blob" | "hmac"; readonly error: OciEncError } | undefined;
}

/**
 * Opens every encrypted layer with the keys, and reads it to its end, keeping nothing. One layer at a time; a layer that
 * several platforms share is read once. What is wrong with a layer is an answer, and what is wrong with the place it
 * is in, is thrown; UNSUPPORTED for one that decompresses to more than `limits` allow.
 */
export async function decryptLayers(
  subject: Subject,
  keyring: Keyring,
  { limits, progress = () => {} }: ReadingOptions = {},
): Promise<readonly DecryptedLayer[]> {
  announce(subject, progress);
  const open = memoized(
    (one: SubjectLayer) => openOne(one, { source: subject.source, keyring, limits, progress }),
    ({ layer, diffId }) => JSON.stringify([layer.digest, layer.annotations, diffId]),
  );
  const decrypted: DecryptedLayer[] = [];
  for (const one of encryptedLayers(subject)) {
    decrypted.push({ subject: one, ...(await open(one)) });
  }
  return decrypted;
}

/** How much a layer may become, and who is told how far it is. */
export interface ReadingOptions {
  readonly limits?: GrowthLimits | undefined;
  readonly progress?: Progress | undefined;
}

/** Where a layer is read, and how much it may become. */
interface Reading {
  readonly source: ImageSource;
  readonly limits: GrowthLimits | undefined;
  readonly progress: Progress;
}

/** What is going to be read: each blob once. */
function announce(subject: Subject, progress: Progress): void {
  const parts = new Map(
    encryptedLayers(subject).map(({ layer: blob, place }): [Digest, PlannedBlob] => [
      blob.digest,
      {
        blob,
        action: "verify",
        part: "layer",
        index: place.index,
        platform: place.platform && printPlatform(place.platform),
      },
    ]),
  );
  const bytes = [...parts.values()].reduce((sum, { blob }) => sum + blob.size, 0);
  progress({ type: "planned", blobs: parts.size, bytes, parts: [...parts.values()] });
}

async function openOne(
  one: SubjectLayer,
  reading: Reading & { readonly keyring: Keyring },
): Promise<Omit<DecryptedLayer, "subject">> {
  const answer = await checkLayerAccess(one.layer, reading.keyring);
  if (answer.kind === "plain") throw new Error("a plain layer was asked to be decrypted");
  if (answer.kind !== "yes") {
    if (answer.error.code === "KEY_PROVIDER") throw answer.error;
    reading.progress({ type: "skipped", blob: one.layer, why: "no key" });
    return { refused: answer.error, content: undefined };
  }
  reading.progress({ type: "started", blob: one.layer, action: "rewrite" });
  const content = await readContent(one, reading, answer.unwrapped);
  reading.progress({ type: "finished", blob: one.layer, as: one.layer });
  answer.unwrapped.options.private.symmetricKey.fill(0);
  return { refused: undefined, content };
}

async function readContent(
  one: SubjectLayer,
  { source, limits, progress }: Reading,
  unwrapped: Unwrapped,
): Promise<LayerContent> {
  const { cipher, options } = unwrapped;
  const wrapped = options.private.digest;
  let moved = 0;
  const coming = progressMeter(source.blob(one.layer), (count) => {
    moved += count;
    progress({ type: "moved", blob: one.layer, bytes: moved });
  });
  const blob = watched(verifying(coming, one.layer));
  const plain = digesting(
    cipher.open(blob.bytes, options, one.layer.size),
    cipher.openSize(one.layer.size),
    wrapped ? algorithmOf(wrapped) : "sha256",
  );
  const algorithm = algorithmOf(one.diffId ?? one.layer.digest);
  const branch = tee(plain.bytes, (copy) => uncompressedDigest(copy, { algorithm, size: one.layer.size, limits }));
  try {
    for await (const _ of branch.bytes);
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code !== "CORRUPT") throw error;
    const failure = { of: blob.failed() ? "blob" : "hmac", error } as const;
    return { wrapped, plain: undefined, diffId: undefined, failure };
  }
  const diffId = one.diffId ? await branch.result() : undefined;
  return { wrapped, plain: plain.sum().digest, diffId, failure: undefined };
}

/** Remembers whether it was these bytes that failed, and not what was made of them. */
function watched(bytes: ByteStream): { readonly bytes: ByteStream; failed(): boolean } {
  let failed = false;
  async function* pass(): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes;
    } catch (error) {
      failed = true;
      throw error;
    }
  }
  return { bytes: pass(), failed: () => failed };
}
