import type { GrowthLimits } from "../bytes/budget.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { tee } from "../bytes/tee.js";
import { uncompressedDigest } from "../bytes/uncompressed-digest.js";
import type { Unwrapped } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest } from "../oci/digest.js";
import { diffIdsOf } from "../oci/manifest.js";
import { decryptedType, isEncrypted } from "../oci/media-type.js";
import type { Progress } from "../progress.js";
import { type LayerContext, layerName, type ManifestContext } from "./layer-transform.js";

/** What an opened layer's bytes are to be compared with. */
export interface ContentExpectation {
  readonly layer: Descriptor;
  readonly context: LayerContext;
  readonly unwrapped: Unwrapped;
  /** False: compare nothing. */
  readonly verifyContent?: boolean | undefined;
  /** How much a layer may become when it is decompressed to be compared. */
  readonly limits?: GrowthLimits | undefined;
  readonly progress?: Progress | undefined;
}

/** Plain bytes that are looked at while they pass. */
export interface ContentCheck {
  readonly bytes: ByteStream;
  /** Throws CORRUPT when the plain blob, of digest `plain`, is not what was encrypted. */
  require(plain: Digest): Promise<void>;
}

/**
 * Two things are promised of a layer. The wrapped digest is the word of whoever encrypted it, and may be that of the blob
 * before a peer recompressed it (`wire-format.md` 0.1). The diff id is the config's, and the only one that tells whether
 * the layer stands where it should: so where it is known it has to hold. A layer that was bound to it when it was
 * encrypted need only be what was encrypted; another that is compressed is decompressed while it passes. `again` runs a
 * layer of another type than it says a second time.
 */
export function checkContent(
  plain: ByteStream,
  again: () => ByteStream,
  { layer, context, unwrapped, verifyContent, limits, progress }: ContentExpectation,
): ContentCheck {
  const { diffId } = context;
  const where = layerName(layer, context);
  const notice = (code: "RECOMPRESSED" | "DIGEST_NOT_CHECKED", message: string) =>
    progress?.({ type: "warning", code, message: `${where}: ${message}` });
  if (verifyContent === false) return { bytes: plain, async require() {} };
  const { cipher, options } = unwrapped;
  const wrapped = options.private.digest;
  if (wrapped !== undefined && diffId !== undefined && cipher.isBoundTo(options, diffId)) {
    return {
      bytes: plain,
      async require(stored) {
        if (stored !== wrapped) throw notWhatWasSealed(where, "does not have the wrapped digest");
      },
    };
  }
  const uncompressed = uncompressing(plain, again, { layer, diffId, limits });
  return {
    bytes: uncompressed.bytes,
    async require(stored) {
      if (wrapped === undefined) notice("DIGEST_NOT_CHECKED", "its wrapped options record no digest of the content");
      const agrees = wrapped === undefined || stored === wrapped;
      if (diffId === undefined && !agrees) throw notWhatWasSealed(where, neither);
      if (diffId !== undefined && (await uncompressed.digest(stored)) !== diffId) {
        throw stored === wrapped ? notWhatConfigSays(where, diffId) : notWhatWasSealed(where, neither);
      }
      if (agrees || wrapped === diffId) return;
      notice(
        "RECOMPRESSED",
        "the wrapped digest is that of another compression; the content was checked by its diff id",
      );
    },
  };
}

interface Uncompressing {
  readonly bytes: ByteStream;
  /** Of the uncompressed content, where `stored` is that of the blob; undefined when it cannot be decompressed. */
  digest(stored: Digest): Promise<Digest | undefined>;
}

function uncompressing(
  plain: ByteStream,
  again: () => ByteStream,
  {
    layer,
    diffId,
    limits,
  }: { readonly layer: Descriptor; readonly diffId: Digest | undefined; readonly limits: GrowthLimits | undefined },
): Uncompressing {
  const algorithm = algorithmOf(diffId ?? layer.digest);
  const read = (bytes: ByteStream) => uncompressedDigest(bytes, { algorithm, size: layer.size, limits });
  const isTar = decryptedType(layer.mediaType).endsWith(".tar");
  const branch = diffId && !isTar ? tee(plain, read) : undefined;
  return {
    bytes: branch?.bytes ?? plain,
    async digest(stored) {
      if (stored === diffId) return stored;
      return await (branch ? branch.result() : read(again()));
    },
  };
}

/** CORRUPT when a config has diff ids, and not one for each layer: a layer was added or left out. */
export function requireDiffIds({ descriptor, config, layers }: ManifestContext): void {
  const count = config ? diffIdsOf(config).length : 0;
  if (count === 0 || count === layers.length || !layers.some(({ mediaType }) => isEncrypted(mediaType))) return;
  throw new OciEncError(
    "CORRUPT",
    `the manifest ${descriptor.digest} has ${layers.length} layers, and its config ${count} diff ids`,
    { hint: "a layer may have been added or left out: get the image again from who made it" },
  );
}

function notWhatConfigSays(where: string, diffId: Digest): OciEncError {
  return new OciEncError("CORRUPT", `${where}: its decrypted content does not have the diff id ${diffId}`, {
    hint: "the layers may stand in another order than they were encrypted in: get the image again from who made it",
  });
}

const neither = "fits neither the wrapped digest nor the diff id";

function notWhatWasSealed(where: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${where}: its decrypted content ${why}`, {
    hint: "the encrypted layer may belong to another image: get the image again from who made it",
  });
}
