import { makePlan, manifestsOf } from "../../copy/plan/plan.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { diffIdsOf } from "../../oci/manifest.js";
import { isEncrypted } from "../../oci/media-type.js";
import { passGate } from "../../policy/gate.js";
import type { TrustRules } from "../../policy/trust-rules.js";
import type { PreviousImage, PreviousLayer } from "../../transform/reuse.js";
import { openSource } from "../../transport/index.js";
import type { EndpointOptions } from "../../transport/transport.js";

/** What the previous image's end needs, and who may vouch for it. */
export interface OpenPreviousOptions extends EndpointOptions {
  /** Rules by which it has to be let in. Where they accept a signature, what it says is believed. */
  readonly rules?: TrustRules | undefined;
}

/** A previous image, open as long as its blobs may be needed. */
export interface OpenedPreviousImage extends PreviousImage, AsyncDisposable {}

/**
 * Opens an encrypted image whose layers may serve again, and reads its manifests; close it when the copy is done. Throws
 * what the transport throws; USAGE for a reference that makes no sense.
 */
export async function openPreviousImage(
  reference: string,
  { rules, ...options }: OpenPreviousOptions = {},
): Promise<OpenedPreviousImage> {
  const source = await openSource(reference, options);
  try {
    const root = await source.resolve();
    const requested = { reference, source, transports: options.transports };
    const { signed } = rules ? await passGate(rules, root, requested) : { signed: false };
    const plan = await makePlan(source, root, { configs: true, absent: "keep" });
    const layers = manifestsOf(plan).flatMap(({ config, view }): PreviousLayer[] => {
      const diffIds = config ? diffIdsOf(config) : [];
      const known = diffIds.length === view.layers.length;
      return view.layers.map((layer, index) => ({ layer, index, diffId: known ? diffIds[index] : undefined }));
    });
    return {
      layers: layers.filter(({ layer }) => isEncrypted(layer.mediaType)),
      origin: source,
      vouched: vouchedFor(reference, root, signed),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

/** Who vouches for what the image says: its digest in the reference, or else a signature that a rule accepts. */
function vouchedFor(reference: string, { digest }: Descriptor, signed: boolean): PreviousImage["vouched"] {
  if (reference === digest || reference.endsWith(`@${digest}`)) return "pinned";
  return signed ? "admitted" : undefined;
}
