import { abortable } from "../bytes/abortable.js";
import { digesting } from "../bytes/digesting.js";
import { memoized } from "../bytes/memoized.js";
import { verifying } from "../bytes/verifying.js";
import type { Keyring, Unwrapped } from "../crypt/layer.js";
import { checkLayerAccess, type LayerAnswer } from "../crypt/layer-access.js";
import { OciEncError } from "../errors.js";
import type { ContentId, Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest } from "../oci/digest.js";
import type { Progress } from "../progress.js";
import type { BlobOrigin } from "./layer-transform.js";

/** What keys show of the layers of a previous image. */
export interface PreviousContents {
  /**
   * What the keys can do with it; undefined without keys. The digest of the content that comes with it is a claim: whoever
   * has the public keys can write any. KEY_PROVIDER.
   */
  open(layer: Descriptor): Promise<LayerAnswer | undefined>;
  /**
   * Decrypts the whole layer and compares: why it does not hold what `plain` describes. Undefined: it does. Nothing is
   * kept, and each layer is read once. Throws what keeps the previous image's place from being read.
   */
  disproof(layer: Descriptor, unwrapped: Unwrapped, plain: ContentId): Promise<string | undefined>;
}

/** What the layers are opened with, and where they are read. */
export interface PreviousContentsOptions {
  /** Undefined: no key is given. */
  readonly keyring: Keyring | undefined;
  readonly origin: BlobOrigin;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Each envelope is opened once, and each layer decrypted at most once, however many platforms share it. */
export function previousContents({ keyring, ...reading }: PreviousContentsOptions): PreviousContents {
  const open = memoized(async (layer: Descriptor) => (keyring ? await openOne(layer, keyring) : undefined), sameLayer);
  const digestOf = memoized(
    (layer: Descriptor, unwrapped: Unwrapped) => plainDigest(layer, unwrapped, reading),
    sameLayer,
  );
  return {
    open,
    async disproof(layer, unwrapped, plain) {
      const size = unwrapped.cipher.openSize(layer.size);
      if (size !== plain.size) return `its content has ${size} bytes, not ${plain.size}`;
      const found = await digestOf(layer, unwrapped);
      if (found instanceof OciEncError) return found.message;
      return found === plain.digest ? undefined : `its content is ${found}`;
    },
  };
}

async function openOne(layer: Descriptor, keyring: Keyring): Promise<LayerAnswer> {
  const answer = await checkLayerAccess(layer, keyring);
  if (answer.kind === "cannot" && answer.error.code === "KEY_PROVIDER") throw answer.error;
  return answer;
}

type Reading = Omit<PreviousContentsOptions, "keyring">;

/** What the layer holds, or why that cannot be known. */
async function plainDigest(
  layer: Descriptor,
  { cipher, options }: Unwrapped,
  { origin, progress, signal }: Reading,
): Promise<Digest | OciEncError> {
  const stored = signal ? abortable(origin.blob(layer), signal) : origin.blob(layer);
  const { bytes, sum } = digesting(
    cipher.open(verifying(stored, layer), options, layer.size),
    cipher.openSize(layer.size),
    algorithmOf(options.private.digest ?? layer.digest),
  );
  try {
    for await (const _ of bytes);
  } catch (error) {
    if (error instanceof OciEncError && (error.code === "CORRUPT" || error.code === "NOT_FOUND")) return error;
    throw error;
  }
  const message = `decrypted ${layer.digest} of ${origin.name} to compare it: ${layer.size} bytes`;
  progress?.({ type: "debug", area: "reuse", message });
  return sum().digest;
}

/** What is the same for every platform that shares the layer. */
function sameLayer({ digest, size, annotations }: Descriptor): string {
  return JSON.stringify([digest, size, annotations]);
}
