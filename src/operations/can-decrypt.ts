import { type ManifestPlan, makePlan, manifestsOf } from "../copy/plan/plan.js";
import type { DecryptionKey, SchemeSettings } from "../crypt/key-wrapper.js";
import { type Keyring, loadKeyring } from "../crypt/layer.js";
import { accessTo, decidingRefusal, type LayerVerdict } from "../crypt/layer-access.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isEncrypted } from "../oci/media-type.js";
import type { Platform } from "../oci/platform.js";
import type { Progress } from "../progress.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions, ImageSource } from "../transport/transport.js";

/** Which keys, and what the transport needs. */
export interface CanDecryptImageOptions extends CanDecryptOptions {
  readonly source?: EndpointOptions | undefined;
}

/** Opens an image, asks `canDecrypt`, closes it, and throws what that throws; USAGE for a reference that makes no sense. */
export async function canDecryptImage(reference: string, options: CanDecryptImageOptions): Promise<CanDecryptReport> {
  const { signal, progress, source: endpoint } = options;
  await using source = await openSource(reference, { signal, progress, ...endpoint });
  return await canDecrypt(source, options);
}

/** With which keys, and for which platforms. */
export interface CanDecryptOptions {
  /** None: only key providers are asked, as they hold keys of their own. */
  readonly keys: readonly DecryptionKey[];
  /** Default: every platform. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Where key schemes find programs and services. */
  readonly settings?: SchemeSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** Whether keys decrypt an image. */
export interface CanDecryptReport {
  readonly reference: string;
  readonly root: Descriptor;
  /** A key decrypts every encrypted layer of every chosen platform. True as well when nothing is encrypted. */
  readonly decrypts: boolean;
  /** What decrypting ends with; undefined where nothing is refused. KEY_MISMATCH, CORRUPT, UNSUPPORTED, KEY_PROVIDER. */
  readonly refusal: OciEncError | undefined;
  readonly layers: readonly LayerAccess[];
}

/** Whether a key decrypts one layer. */
export interface LayerAccess extends LayerVerdict {
  readonly platform: Platform | undefined;
  readonly index: number;
  readonly layer: Descriptor;
  readonly encrypted: boolean;
  /** Where the key that decrypts it came from. Undefined: none does, or only several together (a key and its certificate). */
  readonly key: string | undefined;
}

/**
 * Says of every layer of every chosen platform whether a key decrypts it, from manifests and configs alone: what decrypting them
 * does before it reads a layer, and so whether it fails, unless the stored bytes themselves are bad. The check of which
 * CVE-2022-24778 tells looked at one layer of one platform, and took what was missing for allowed. KEY_INVALID; NOT_FOUND
 * for a platform that the image lacks.
 */
export async function canDecrypt(source: ImageSource, options: CanDecryptOptions): Promise<CanDecryptReport> {
  const { keys, settings, progress, signal, platforms } = options;
  const keyring = await loadKeyring(keys, { ...settings, progress, signal });
  const single = await Promise.all(keys.map((key) => loadAlone(key, { ...settings, signal })));
  const root = await source.resolve();
  const plan = await makePlan(source, root, { platforms, otherPlatforms: "drop", configs: true });
  const keyrings = { together: keyring, alone: single.flatMap((one) => (one ? [one] : [])) };
  const layers = await Promise.all(manifestsOf(plan).flatMap((manifest) => layersOf(manifest, keyrings)));
  const refusal = decidingRefusal(layers);
  return { reference: source.name, root, decrypts: refusal === undefined, refusal, layers };
}

interface Keyrings {
  readonly together: Keyring;
  readonly alone: readonly { readonly origin: string; readonly keyring: Keyring }[];
}

/** Undefined for what is of no use without another key: a certificate. */
async function loadAlone(key: DecryptionKey, options: Parameters<typeof loadKeyring>[1]) {
  try {
    return { origin: key.origin, keyring: await loadKeyring([key], options) };
  } catch (error) {
    if (error instanceof OciEncError && error.code === "KEY_INVALID") return undefined;
    throw error;
  }
}

function layersOf({ view, platform }: ManifestPlan, keyrings: Keyrings): readonly Promise<LayerAccess>[] {
  return view.layers.map(async (layer, index) => {
    const access = await accessTo(layer, keyrings.together);
    const key = access.decrypts ? await keyOf(layer, keyrings) : undefined;
    return { platform, index, layer, encrypted: isEncrypted(layer.mediaType), ...access, key };
  });
}

async function keyOf(layer: Descriptor, { alone }: Keyrings): Promise<string | undefined> {
  for (const { origin, keyring } of alone) if ((await accessTo(layer, keyring)).decrypts) return origin;
  return undefined;
}
