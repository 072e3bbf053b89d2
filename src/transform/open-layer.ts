import { hasEnvelope } from "../crypt/envelope.js";
import { type Keyring, openEnvelope, type Unwrapped, unwrapEnvelope } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isEncrypted, plainTwin } from "../oci/media-type.js";
import { layerName } from "./layer-name.js";
import type { LayerContext } from "./layer-transform.js";

/** CORRUPT unless the media type and the annotations say the same about a layer. */
export function requireHonest(layer: Descriptor, context: Pick<LayerContext, "index" | "platform">): void {
  const where = layerName(layer, context);
  if (isEncrypted(plainTwin(layer.mediaType))) {
    throw new OciEncError("CORRUPT", `${where} says twice that it is encrypted`);
  }
  if (!isEncrypted(layer.mediaType) && hasEnvelope(layer.annotations)) {
    throw new OciEncError("CORRUPT", `${where} has wrapped keys, and a media type that says it is plain`);
  }
}

/** Opens envelopes while an image is planned, and remembers which no key opens, so that all of them are told at once. */
export interface OpeningLayers {
  /** Undefined: no key opens it. Throws anything else that is wrong with the envelope, naming the layer. */
  open(layer: Descriptor, context: LayerContext): Promise<Unwrapped | undefined>;
  /** The same for the wrapped options alone, byte for byte. */
  unwrap(layer: Descriptor, context: LayerContext): Promise<Uint8Array | undefined>;
  /** KEY_MISMATCH, listing them, when an envelope did not open. */
  requireAll(): readonly OciEncError[];
  /** KEY_MISMATCH when none opened although some were tried; else those that did not. */
  requireAny(): readonly OciEncError[];
}

/** One walk over an image's sealed layers with a keyring. */
export function openingLayers(keyring: Keyring): OpeningLayers {
  const unopened: OciEncError[] = [];
  let opened = 0;
  const attempt = async <T>(
    open: () => Promise<T>,
    layer: Descriptor,
    context: LayerContext,
  ): Promise<T | undefined> => {
    try {
      const outcome = await open();
      opened += 1;
      return outcome;
    } catch (error) {
      const named = namingLayer(error, layerName(layer, context));
      if (named.code !== "KEY_MISMATCH") throw named;
      unopened.push(named);
      return undefined;
    }
  };
  return {
    open: (layer, context) => attempt(() => openEnvelope(layer.annotations, keyring), layer, context),
    unwrap: (layer, context) => attempt(() => unwrapEnvelope(layer.annotations, keyring), layer, context),
    requireAll() {
      if (unopened.length > 0) throw mismatch(unopened, opened);
      return unopened;
    },
    requireAny() {
      if (unopened.length > 0 && opened === 0) throw mismatch(unopened, opened);
      return unopened;
    },
  };
}

function namingLayer(error: unknown, where: string): OciEncError {
  if (!(error instanceof OciEncError)) throw error;
  const { cause, code, hint, message } = error;
  return new OciEncError(code, `${where}: ${message}`, { cause, hint });
}

function mismatch(unopened: readonly OciEncError[], opened: number): OciEncError {
  const [first] = unopened;
  if (unopened.length === 1 && first) return first;
  const total = unopened.length + opened;
  return new OciEncError("KEY_MISMATCH", `no given key opens ${unopened.length} of ${total} encrypted layers`, {
    cause: new AggregateError(unopened.slice(0, 50)),
    hint: first?.hint,
  });
}
