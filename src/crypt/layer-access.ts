import { OciEncError } from "../errors.js";
import { decryptedType, isEncrypted } from "../oci/media-type.js";
import { hasEnvelope } from "./envelope.js";
import { type Keyring, openEnvelope, type Unwrapped } from "./layer.js";

/** A layer's descriptor, as far as it says whether and for whom the layer is encrypted. */
export interface DescribedLayer {
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** What given keys can do with one layer. */
export type LayerAnswer =
  /** It is not encrypted, and no key is needed. */
  | { readonly kind: "plain" }
  /** A key decrypts its envelope, which holds all that is needed to decrypt the layer. */
  | { readonly kind: "yes"; readonly unwrapped: Unwrapped }
  /** KEY_MISMATCH: no given key decrypts it; another may. */
  | { readonly kind: "no"; readonly error: OciEncError }
  /**
   * No key would help, or it is not known whether one does: CORRUPT for a malformed envelope and a descriptor that
   * contradicts itself, UNSUPPORTED for an unknown cipher, KEY_PROVIDER for a provider, token or agent that failed.
   */
  | { readonly kind: "cannot"; readonly error: OciEncError };

/**
 * Says whether keys open a layer, from its descriptor alone. Everything is looked at that decrypting looks at before the
 * first byte: so what is answered here is what decrypting does, unless the layer's bytes are not those that were
 * encrypted. Throws ABORTED, and what is a bug.
 */
export async function checkLayerAccess(layer: DescribedLayer, keyring: Keyring): Promise<LayerAnswer> {
  try {
    requireConsistent(layer);
    if (!isEncrypted(layer.mediaType)) return { kind: "plain" };
    return { kind: "yes", unwrapped: await openEnvelope(layer.annotations, keyring) };
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code === "ABORTED") throw error;
    return { kind: error.code === "KEY_MISMATCH" ? "no" : "cannot", error };
  }
}

/** CORRUPT unless the media type and the annotations say the same about a layer. */
export function requireConsistent({ mediaType, annotations }: DescribedLayer): void {
  if (isEncrypted(decryptedType(mediaType))) throw new OciEncError("CORRUPT", "it says twice that it is encrypted");
  if (!isEncrypted(mediaType) && hasEnvelope(annotations)) {
    throw new OciEncError("CORRUPT", "it has wrapped keys, and a media type that says it is plain");
  }
}

/** An answer without the key that it came with, for reports. */
export interface LayerVerdict {
  /** `no`: another key may open it. `cannot`: no key would, or it is not known whether one does. */
  readonly answer: LayerAnswer["kind"];
  /** True for `yes`, undefined for `plain`. */
  readonly decrypts: boolean | undefined;
  /** Why it is not decrypted; undefined for `yes` and `plain`. */
  readonly refusal: OciEncError | undefined;
}

/** {@link checkLayerAccess}, with the layer's key overwritten. */
export async function accessTo(layer: DescribedLayer, keyring: Keyring): Promise<LayerVerdict> {
  const answer = await checkLayerAccess(layer, keyring);
  if (answer.kind === "plain") return { answer: "plain", decrypts: undefined, refusal: undefined };
  if (answer.kind !== "yes") return { answer: answer.kind, decrypts: false, refusal: answer.error };
  answer.unwrapped.options.private.symmetricKey.fill(0);
  return { answer: "yes", decrypts: true, refusal: undefined };
}

/**
 * What decrypting several layers together ends with: a provider that failed, else the first that is broken, else the
 * first that no key opens. Undefined: nothing is refused.
 */
export function decidingRefusal(layers: readonly LayerVerdict[]): OciEncError | undefined {
  const refusals = layers.flatMap(({ refusal }) => refusal ?? []);
  return (
    refusals.find(({ code }) => code === "KEY_PROVIDER") ??
    refusals.find(({ code }) => code !== "KEY_MISMATCH") ??
    refusals[0]
  );
}
