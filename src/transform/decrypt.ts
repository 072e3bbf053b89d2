import type { GrowthLimits } from "../bytes/budget.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { withoutEnvelope } from "../crypt/envelope.js";
import type { DecryptionKey, SchemeSettings } from "../crypt/key-wrapper.js";
import { loadKeyring, type Unwrapped, waysToGiveAKey } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf } from "../oci/digest.js";
import { decryptedType, isEncrypted } from "../oci/media-type.js";
import type { Progress } from "../progress.js";
import { checkContent, requireDiffIds } from "./content-check.js";
import type { LayerChange, LayerContext, LayerTransform, Rewrite } from "./layer-transform.js";
import { openingLayers } from "./open-layer.js";
import { allLayers, createChooser, type LayerSelection } from "./select.js";

/** What to open, and with which keys. */
export interface DecryptOptions {
  readonly keys: readonly DecryptionKey[];
  /** Default: every encrypted layer. */
  readonly select?: LayerSelection | undefined;
  /** Keep what no key decrypts, as long as one decrypts something; default: every chosen encrypted layer must open. */
  readonly partial?: boolean | undefined;
  /** Compare what comes out with the wrapped digest or the diff id; default true. */
  readonly verifyContent?: boolean | undefined;
  /** How much a layer may become when it is decompressed to be compared. */
  readonly limits?: GrowthLimits | undefined;
  /** Where key schemes find programs and services. */
  readonly settings?: SchemeSettings | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decrypts layers: `+encrypted` becomes plain, and the envelope goes. The keys are read now (USAGE when there is none,
 * KEY_INVALID); envelopes are opened while planning, so that a key that does not fit (KEY_MISMATCH) ends it before a
 * byte moves.
 */
export async function decryptLayers(options: DecryptOptions): Promise<LayerTransform> {
  if (options.keys.length === 0) {
    throw new OciEncError("USAGE", "no key to decrypt with is given", {
      hint: waysToGiveAKey(),
      context: { missing: "key" },
    });
  }
  const keyring = await loadKeyring(options.keys, {
    ...options.settings,
    progress: options.progress,
    signal: options.signal,
  });
  const chosen = createChooser(options.select ?? allLayers);
  const opening = openingLayers(keyring);
  return {
    async manifest(context) {
      if (options.verifyContent !== false) requireDiffIds(context);
    },
    async layer(layer, context) {
      if (chosen.choose(layer, context) === "no") return keep;
      const unwrapped = await opening.open(layer, context);
      return unwrapped ? decrypting(layer, context, { ...options, unwrapped }) : keep;
    },
    entry(descriptor) {
      if (!isEncrypted(descriptor.mediaType)) return;
      const message = `${descriptor.digest}, which an index lists itself, stays encrypted: only a manifest's layers can be decrypted`;
      options.progress?.({ type: "warning", code: "LAYER_KEPT", message });
    },
    planned() {
      chosen.requireMatches();
      const kept = options.partial ? opening.requireAny() : opening.requireAll();
      for (const { message } of kept) options.progress?.({ type: "warning", code: "LAYER_KEPT", message });
    },
  };
}

const keep: LayerChange = { kind: "keep" };

interface Opening extends DecryptOptions {
  readonly unwrapped: Unwrapped;
}

function decrypting(layer: Descriptor, context: LayerContext, how: Opening): Rewrite {
  const { cipher, options } = how.unwrapped;
  const wrapped = options.private.digest;
  const open = (bytes: ByteStream) => cipher.open(bytes, options, layer.size);
  return {
    kind: "rewrite",
    action: "decrypt",
    merge: `decrypt ${how.unwrapped.opening} ${context.diffId}`,
    size: cipher.openSize(layer.size),
    algorithm: wrapped ? algorithmOf(wrapped) : "sha256",
    start(bytes, again) {
      const check = checkContent(open(bytes), () => open(again()), { ...how, layer, context });
      return {
        bytes: check.bytes,
        async describe(stored) {
          await check.require(stored.digest);
          return (before) => ({
            ...before,
            ...stored,
            mediaType: decryptedType(before.mediaType),
            annotations: withoutEnvelope(before.annotations),
          });
        },
      };
    },
  };
}
