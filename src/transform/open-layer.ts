import { type Keyring, type Unwrapped, unwrapEnvelope } from "../crypt/layer.js";
import { checkLayerAccess, requireConsistent } from "../crypt/layer-access.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type LayerContext, layerName } from "./layer-transform.js";

/** CORRUPT, naming the layer, unless its media type and its annotations say the same about it. */
export function requireHonest(layer: Descriptor, context: Pick<LayerContext, "index" | "platform">): void {
  try {
    requireConsistent(layer);
  } catch (error) {
    throw namingLayer(error, layerName(layer, context));
  }
}

/** Opens envelopes while an image is planned, and remembers which did not open, so that all of them are told at once. */
export interface OpeningLayers {
  /** Undefined: it is plain, or it does not open, and then `requireAll` or `requireAny` says so. Throws KEY_PROVIDER. */
  open(layer: Descriptor, context: LayerContext): Promise<Unwrapped | undefined>;
  /** The wrapped options alone, byte for byte, of whatever cipher. */
  unwrap(layer: Descriptor, context: LayerContext): Promise<Uint8Array | undefined>;
  /** CORRUPT or UNSUPPORTED for an envelope that no key would open; KEY_MISMATCH, listing them, when some did not open. */
  requireAll(): readonly OciEncError[];
  /** The same, but KEY_MISMATCH only when none opened although some were tried; else those that did not. */
  requireAny(): readonly OciEncError[];
}

/** One walk over an image's layers with a keyring. */
export function openingLayers(keyring: Keyring): OpeningLayers {
  const broken: OciEncError[] = [];
  const refused: OciEncError[] = [];
  let decrypted = 0;
  const requireValid = () => {
    for (const error of broken) throw error;
  };
  return {
    async open(layer, context) {
      const answer = await checkLayerAccess(layer, keyring);
      if (answer.kind === "plain") return undefined;
      if (answer.kind === "yes") {
        decrypted += 1;
        return answer.unwrapped;
      }
      const named = namingLayer(answer.error, layerName(layer, context));
      // Every other layer would wait for it as long.
      if (named.code === "KEY_PROVIDER") throw named;
      (answer.kind === "no" ? refused : broken).push(named);
      return undefined;
    },
    async unwrap(layer, context) {
      try {
        const secret = await unwrapEnvelope(layer.annotations, keyring);
        decrypted += 1;
        return secret;
      } catch (error) {
        const named = namingLayer(error, layerName(layer, context));
        if (named.code !== "KEY_MISMATCH") throw named;
        refused.push(named);
        return undefined;
      }
    },
    requireAll() {
      requireValid();
      if (refused.length > 0) throw mismatch(refused, decrypted);
      return refused;
    },
    requireAny() {
      requireValid();
      if (refused.length > 0 && decrypted === 0) throw mismatch(refused, decrypted);
      return refused;
    },
  };
}

function namingLayer(error: unknown, where: string): OciEncError {
  if (!(error instanceof OciEncError)) throw error;
  return error.with({ message: `${where}: ${error.message}` });
}

function mismatch(refused: readonly OciEncError[], decrypted: number): OciEncError {
  const [first] = refused;
  if (refused.length === 1 && first) return first;
  const total = refused.length + decrypted;
  return new OciEncError("KEY_MISMATCH", `no given key decrypts ${refused.length} of ${total} encrypted layers`, {
    cause: new AggregateError(refused.slice(0, 50)),
    hint: first?.hint,
  });
}
