import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mergeSignatureManifests } from "../../../src/oci/merge-signature-manifest.js";
import type { AttachmentSource, AttachmentTarget } from "../../../src/transport/attachments.js";
import type { ImageSource, ImageTarget } from "../../../src/transport/transport.js";
import type { MemoryPlace } from "./memory-image.js";

/** What one image of a {@link MemoryPlace} has beside it. */
export interface Kept {
  referrers: Descriptor[];
  sig: Descriptor | undefined;
  messages: Uint8Array[];
}

/** A memory source whose manifests all have these attachments. */
export function attachedSource(place: MemoryPlace, name: string, kept: Kept): ImageSource & AttachmentSource {
  return {
    ...place.source(name),
    referrers: async () => kept.referrers,
    digestTag: async (_subject, kind) => (kind === "sig" ? kept.sig : undefined),
    simpleSignatures: async () => kept.messages,
  };
}

/** A memory target that keeps attachments in `kept`, for one image. */
export function attachedTarget(place: MemoryPlace, name: string, kept: Kept): ImageTarget & AttachmentTarget {
  return {
    ...place.target(name),
    putReferrer: async (_subject, referrer, bytes) => {
      place.blobs.set(referrer.digest, bytes);
      kept.referrers.push(referrer);
    },
    putDigestTag: async (_subject, _kind, added) => {
      const there = kept.sig && {
        bytes: place.content(kept.sig.digest),
        config: place.content(JSON.parse(place.text(kept.sig.digest)).config.digest),
      };
      const united = there ? mergeSignatureManifests(there, added) : added;
      if (!united) return;
      const { bytes, config } = united;
      place.blobs.set(digestOf(config), config);
      place.blobs.set(digestOf(bytes), bytes);
      kept.sig = { mediaType: added.descriptor.mediaType, digest: digestOf(bytes), size: bytes.length };
    },
    addSimpleSignature: async (_subject, signature) => {
      kept.messages.push(signature);
    },
  };
}
