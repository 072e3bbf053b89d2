import { memoized } from "../bytes/memoized.js";
import type { BlockCipher } from "../crypt/block-cipher.js";
import { defaultCipher } from "../crypt/ciphers/index.js";
import { withContentRecipientTag } from "../crypt/envelope.js";
import type { EncryptionKey } from "../crypt/key-wrapper.js";
import { estimateEnvelope, loadRecipients, sealLayer } from "../crypt/layer.js";
import { identifyRecipients } from "../crypt/recipients.js";
import type { Descriptor } from "../oci/descriptor.js";
import { encryptedType, toOciType } from "../oci/media-type.js";
import { contentRecipientTag } from "./content-recipient-tag.js";
import type { LayerContext, Rewrite } from "./layer-transform.js";
import { type RecipientsOptions, wrapperOptions } from "./rewrapping.js";

/** For whom, and with which cipher. */
export interface EncryptingOptions extends Omit<RecipientsOptions, "select"> {
  readonly keys: readonly EncryptionKey[];
  readonly cipher?: BlockCipher | undefined;
}

/** Makes of a plain layer an encrypted one. */
export type EncryptLayer = (layer: Descriptor, context: LayerContext) => Promise<Rewrite>;

/** Reads the keys. USAGE when there is none, KEY_INVALID for one that cannot be used. */
export async function createEncryptLayer(options: EncryptingOptions): Promise<EncryptLayer> {
  const { keys, cipher = defaultCipher, anonymous } = options;
  const wrap = await loadRecipients(keys, wrapperOptions(options));
  const recipients = anonymous ? [] : await identifyRecipients(keys, wrapperOptions(options));
  const estimated = memoized(() => estimateEnvelope(wrap, cipher));
  return async (layer, { diffId }) => {
    const estimate = await estimated();
    const tag = contentRecipientTag(recipients, { digest: layer.digest, diffId });
    const bound = (annotations: Readonly<Record<string, string>>) =>
      tag ? withContentRecipientTag(annotations, tag) : annotations;
    return {
      kind: "rewrite",
      action: "encrypt",
      merge: `encrypt ${tag} ${diffId}`,
      size: cipher.sealedSize(layer.size),
      algorithm: "sha256",
      estimate: (plain) => ({
        ...plain,
        mediaType: encryptedType(toOciType(plain.mediaType)),
        annotations: bound(estimate(plain.annotations)),
      }),
      start(bytes) {
        const encrypted = sealLayer(cipher, wrap, { bytes, size: layer.size, diffId });
        return {
          bytes: encrypted.bytes,
          async describe(stored) {
            const annotate = await encrypted.annotate(layer.digest);
            return (plain) => ({
              ...plain,
              ...stored,
              mediaType: encryptedType(toOciType(plain.mediaType)),
              annotations: bound(annotate(plain.annotations)),
            });
          },
        };
      },
    };
  };
}
