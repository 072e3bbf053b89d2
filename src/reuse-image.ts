import { makePlan, manifestsOf } from "./copy/plan.js";
import { diffIdsOf } from "./oci/manifest.js";
import { isEncrypted } from "./oci/media-type.js";
import type { EarlierImage, EarlierLayer } from "./transform/reuse.js";
import { openSource } from "./transport/index.js";
import type { EndpointOptions } from "./transport/transport.js";

/** An earlier image, open as long as its blobs may be needed. */
export interface OpenedEarlierImage extends EarlierImage, AsyncDisposable {}

/**
 * Opens an encrypted image whose layers may serve again, and reads its manifests; close it when the copy is done. Throws
 * what the transport throws; USAGE for a reference that makes no sense.
 */
export async function openEarlierImage(reference: string, options: EndpointOptions = {}): Promise<OpenedEarlierImage> {
  const source = await openSource(reference, options);
  try {
    const root = await source.resolve();
    const plan = await makePlan(source, root, { configs: true });
    const layers = manifestsOf(plan).flatMap(({ config, view }): EarlierLayer[] => {
      const diffIds = config ? diffIdsOf(config) : [];
      const known = diffIds.length === view.layers.length;
      return view.layers.map((layer, index) => ({ layer, index, diffId: known ? diffIds[index] : undefined }));
    });
    return {
      layers: layers.filter(({ layer }) => isEncrypted(layer.mediaType)),
      origin: source,
      pinned: /@sha(?:256|512):[0-9a-f]+$/.test(reference),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}
