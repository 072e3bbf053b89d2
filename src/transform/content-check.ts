import { branching } from "../bytes/branching.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { uncompressedDigest } from "../bytes/uncompressed-digest.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest } from "../oci/digest.js";
import { plainTwin } from "../oci/media-type.js";
import type { Progress } from "../progress.js";
import { layerName } from "./layer-name.js";
import type { LayerContext } from "./layer-transform.js";

/** What an opened layer's bytes are to be compared with. */
export interface ContentExpectation {
  readonly layer: Descriptor;
  readonly context: LayerContext;
  /** The digest that was wrapped with the key. */
  readonly wrapped: Digest | undefined;
  /** False: compare nothing. */
  readonly verifyContent?: boolean | undefined;
  readonly progress?: Progress | undefined;
}

/** Plain bytes that are looked at while they pass. */
export interface ContentCheck {
  readonly bytes: ByteStream;
  /** Throws CORRUPT when the plain blob, of digest `plain`, is not what was sealed. */
  require(plain: Digest): Promise<void>;
}

/**
 * The wrapped digest is that of the blob before a peer recompressed it (wire-format, fact 0.1). Where it is the diff id,
 * the layer is decompressed while it passes; where neither it nor the plain blob agrees, `again` runs it a second time.
 */
export function checkContent(
  plain: ByteStream,
  again: () => ByteStream,
  { layer, context, wrapped, verifyContent, progress }: ContentExpectation,
): ContentCheck {
  const { diffId } = context;
  const where = layerName(layer, context);
  const notice = (code: "RECOMPRESSED" | "DIGEST_NOT_CHECKED", message: string) =>
    progress?.({ type: "warning", code, message: `${where}: ${message}` });
  if (verifyContent === false) return { bytes: plain, async require() {} };

  const compressed = !plainTwin(layer.mediaType).endsWith(".tar");
  const onTheWay = compressed && diffId !== undefined && (wrapped === undefined || wrapped === diffId);
  const uncompressed = (bytes: ByteStream, digest: Digest) =>
    uncompressedDigest(bytes, { algorithm: algorithmOf(digest), size: layer.size });
  const branch = onTheWay ? branching(plain, (copy) => uncompressed(copy, diffId)) : undefined;
  return {
    bytes: branch?.bytes ?? plain,
    async require(stored) {
      if (wrapped === undefined) notice("DIGEST_NOT_CHECKED", "its wrapped options record no digest of the content");
      if (stored === wrapped || (wrapped === undefined && diffId === undefined)) return;
      const found = diffId && (await (branch ? branch.result() : uncompressed(again(), diffId)));
      if (found === undefined || found !== diffId) throw notWhatWasSealed(where);
      if (wrapped !== undefined && wrapped !== diffId) {
        notice(
          "RECOMPRESSED",
          "the wrapped digest is that of another compression; the content was checked by its diff id",
        );
      }
    },
  };
}

function notWhatWasSealed(where: string): OciEncError {
  return new OciEncError(
    "CORRUPT",
    `${where}: what it opens to is neither the wrapped digest's content nor the diff id's`,
    {
      hint: "the sealed layer may belong to another image; --no-verify-content accepts it where its writer is known to be broken",
    },
  );
}
