import type { ByteStream } from "../../../src/bytes/byte-stream.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { parseManifest } from "../../../src/oci/manifest.js";
import type { CommitOptions, Committed, ImageTarget, Upload } from "../../../src/transport/transport.js";
import type { MemoryPlace } from "./memory-image.js";

/** Hands an image over as the engine does, but without asking what is there: blobs, manifests from below, the root. */
export async function bringImage(
  from: MemoryPlace,
  root: Descriptor,
  target: ImageTarget,
  options?: CommitOptions,
): Promise<Committed> {
  await bringBelow(from, root, target);
  return await target.commit(root, from.content(root.digest), options);
}

/** A blob of known digest as an upload, in chunks of odd size. */
export function uploadOf(from: MemoryPlace, blob: Descriptor): Upload {
  return { bytes: inChunks(from.content(blob.digest), 1009), size: blob.size, digest: blob.digest, sum: () => blob };
}

/** Bytes as a stream of chunks of `size`. */
export async function* inChunks(bytes: Uint8Array, size: number): ByteStream & AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function bringBelow(from: MemoryPlace, descriptor: Descriptor, target: ImageTarget): Promise<void> {
  const view = parseManifest(from.content(descriptor.digest), descriptor.mediaType);
  if (view.kind === "manifest") {
    for (const blob of [view.config, ...view.layers]) await target.put(uploadOf(from, blob));
    return;
  }
  for (const child of view.manifests) {
    await bringBelow(from, child, target);
    await target.putManifest(child, from.content(child.digest));
  }
}
