import { type ManifestPlan, makePlan, manifestsOf } from "../copy/plan.js";
import type { DecryptionKey, SchemeSettings } from "../crypt/key-wrapper.js";
import { type Keyring, loadKeyring, unwrapEnvelope } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isEncrypted } from "../oci/media-type.js";
import type { Platform } from "../oci/platform.js";
import type { Progress } from "../progress.js";
import type { ImageSource } from "../transport/transport.js";

/** With which keys, and for which platforms. */
export interface CanDecryptOptions {
  readonly keys: readonly DecryptionKey[];
  /** Default: every platform. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Where key schemes find programs and services. */
  readonly settings?: SchemeSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** Whether keys open an image. */
export interface CanDecryptReport {
  readonly reference: string;
  readonly root: Descriptor;
  /** Every sealed layer of every chosen platform opens. True as well when nothing is sealed. */
  readonly opens: boolean;
  readonly layers: readonly LayerAccess[];
}

/** Whether a key opens one layer. */
export interface LayerAccess {
  readonly platform: Platform | undefined;
  readonly index: number;
  readonly layer: Descriptor;
  readonly encrypted: boolean;
  /** Undefined: the layer is not sealed. */
  readonly opens: boolean | undefined;
  /** Where the key that opens it came from. Undefined: none does, or only several together (a key and its certificate). */
  readonly key: string | undefined;
}

/**
 * Says of every layer of every chosen platform whether a key opens it, from the manifests alone. The check of which
 * CVE-2022-24778 tells looked at one layer of one platform, and took what was missing for allowed. USAGE without keys,
 * KEY_INVALID; NOT_FOUND for a platform that the image lacks.
 */
export async function canDecrypt(source: ImageSource, options: CanDecryptOptions): Promise<CanDecryptReport> {
  const { keys, settings, progress, signal, platforms } = options;
  if (keys.length === 0) throw new OciEncError("USAGE", "no key is given");
  const keyring = await loadKeyring(keys, { ...settings, progress, signal });
  const single = await Promise.all(keys.map((key) => loadAlone(key, { ...settings, signal })));
  const root = await source.resolve();
  const plan = await makePlan(source, root, { platforms, otherPlatforms: "drop" });
  const keyrings = { together: keyring, alone: single.flatMap((one) => (one ? [one] : [])) };
  const layers = await Promise.all(manifestsOf(plan).flatMap((manifest) => accessTo(manifest, keyrings)));
  return { reference: source.name, root, opens: layers.every(({ opens }) => opens !== false), layers };
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

function accessTo({ view, platform }: ManifestPlan, keyrings: Keyrings): readonly Promise<LayerAccess>[] {
  return view.layers.map(async (layer, index) => {
    const encrypted = isEncrypted(layer.mediaType);
    const opens = encrypted ? await opensWith(layer, keyrings.together) : undefined;
    return { platform, index, layer, encrypted, opens, key: opens ? await keyOf(layer, keyrings) : undefined };
  });
}

async function keyOf(layer: Descriptor, { alone }: Keyrings): Promise<string | undefined> {
  for (const { origin, keyring } of alone) if (await opensWith(layer, keyring)) return origin;
  return undefined;
}

async function opensWith(layer: Descriptor, keyring: Keyring): Promise<boolean> {
  try {
    (await unwrapEnvelope(layer.annotations, keyring)).fill(0);
    return true;
  } catch (error) {
    if (error instanceof OciEncError && error.code === "KEY_MISMATCH") return false;
    throw error;
  }
}
