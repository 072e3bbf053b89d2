import { makePlan, manifestsOf } from "./copy/plan.js";
import type { Descriptor } from "./oci/descriptor.js";
import { diffIdsOf } from "./oci/manifest.js";
import { isEncrypted } from "./oci/media-type.js";
import { judgeByRules } from "./policy/admission.js";
import { judgedPlace } from "./policy/judged-place.js";
import type { TrustRules } from "./policy/trust-rules.js";
import type { EarlierImage, EarlierLayer } from "./transform/reuse.js";
import { openSource } from "./transport/index.js";
import type { EndpointOptions, ImageSource } from "./transport/transport.js";

/** What the earlier image's end needs, and who may vouch for it. */
export interface OpenEarlierOptions extends EndpointOptions {
  /**
   * Rules of which one may accept a signature of it; then its layers need not be decrypted to be believed. That none does
   * is no error here.
   */
  readonly rules?: TrustRules | undefined;
}

/** An earlier image, open as long as its blobs may be needed. */
export interface OpenedEarlierImage extends EarlierImage, AsyncDisposable {}

/**
 * Opens an encrypted image whose layers may serve again, and reads its manifests; close it when the copy is done. Throws
 * what the transport throws; USAGE for a reference that makes no sense.
 */
export async function openEarlierImage(
  reference: string,
  { rules, ...options }: OpenEarlierOptions = {},
): Promise<OpenedEarlierImage> {
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
      vouched: await vouchedFor({ reference, source, root }, rules),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

interface Resolved {
  readonly reference: string;
  readonly source: ImageSource;
  readonly root: Descriptor;
}

/** Whether the reference holds the digest that it leads to, or else a rule accepts a signature and none refuses the image. */
async function vouchedFor(
  { reference, source, root }: Resolved,
  rules: TrustRules | undefined,
): Promise<EarlierImage["vouched"]> {
  if (reference === root.digest || reference.endsWith(`@${root.digest}`)) return "pinned";
  if (rules === undefined) return undefined;
  const { place, identity } = judgedPlace(reference, source);
  const image = { place, identity: rules.identity ?? identity };
  const { signed, opinions, decision } = await judgeByRules(source, root, { rules, image });
  const refused = decision.verdict === "refused" || opinions.some(({ outcome }) => outcome.kind === "refused");
  return signed && !refused ? "admitted" : undefined;
}
