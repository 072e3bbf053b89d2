import type { Descriptor } from "./descriptor.js";
import { digestOf } from "./digest.js";
import { mediaTypes } from "./media-type.js";
import type { SigstoreLayer } from "./sigstore-json-file.js";

/** What is under a digest tag. Its config is small and goes with it, since uniting two of them makes another. */
export interface AttachedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly config: Uint8Array;
}

/** The manifest with these layers, as it is under a digest tag. `signing-and-policy.md` 1.3. */
export function manifestOver(stored: readonly SigstoreLayer[]): AttachedManifest {
  const layers = stored.map(({ mimeType, payload, annotations }) => ({
    mediaType: mimeType,
    size: payload.length,
    digest: digestOf(payload),
    annotations,
  }));
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const config = Buffer.from(JSON.stringify({ architecture: "", os: "", config: {}, rootfs }));
  const described = { mediaType: mediaTypes.ociConfig, size: config.length, digest: digestOf(config) };
  const mediaType = mediaTypes.ociManifest;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: described, layers }));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes, config };
}
