import type { ContentId, Descriptor } from "../../../oci/descriptor.js";
import { digestOf } from "../../../oci/digest.js";
import type { ImageManifest } from "../../../oci/manifest.js";
import { mediaTypes } from "../../../oci/media-type.js";
import { emptyConfigType, messageType } from "../../../oci/signature-formats.js";

/** The manifest for a message, and the config that it needs beside it. The same message gives the same manifest. */
export function messageReferrer(
  subject: Descriptor,
  message: ContentId,
): { readonly manifest: Uint8Array; readonly config: Uint8Array } {
  const config = Buffer.from("{}");
  const { mediaType, digest, size } = subject;
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: messageType,
    config: { mediaType: emptyConfigType, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: messageType, digest: message.digest, size: message.size }],
    subject: { mediaType, digest, size },
  };
  return { manifest: Buffer.from(JSON.stringify(manifest)), config };
}

/** The layer that is a message; undefined when the manifest keeps none. */
export function messageOf({ artifactType, layers }: ImageManifest): Descriptor | undefined {
  const [message, ...more] = layers;
  return artifactType === messageType && more.length === 0 ? message : undefined;
}
