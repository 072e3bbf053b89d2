import { branching } from "../bytes/branching.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { decompressing } from "../bytes/decompressing.js";
import { digesting } from "../bytes/digesting.js";
import { hasEnvelope, withoutEnvelope } from "../crypt/envelope.js";
import type { DecryptionKey, SchemeSettings } from "../crypt/key-wrapper.js";
import { type Keyring, loadKeyring, openEnvelope, type Unwrapped } from "../crypt/layer.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest } from "../oci/digest.js";
import { isEncrypted, plainTwin } from "../oci/media-type.js";
import type { Progress } from "../progress.js";
import { layerName } from "./layer-name.js";
import type { LayerChange, LayerContext, LayerTransform, Rewrite } from "./layer-transform.js";
import { allLayers, choosing, type LayerSelection } from "./select.js";

/** What to open, and with which keys. */
export interface DecryptOptions {
  readonly keys: readonly DecryptionKey[];
  /** Default: every sealed layer. */
  readonly select?: LayerSelection | undefined;
  /** Keep what no key opens, as long as something opens; default: every chosen sealed layer must open. */
  readonly partial?: boolean | undefined;
  /** Compare what comes out with the wrapped digest or the diff id; default true. */
  readonly verifyContent?: boolean | undefined;
  /** Where key schemes find programs and services. */
  readonly settings?: SchemeSettings | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens layers: `+encrypted` becomes plain, and the envelope goes. The keys are read now (USAGE when there is none,
 * KEY_INVALID); envelopes are opened while planning, so that a key that does not fit (KEY_MISMATCH) ends it before a
 * byte moves.
 */
export async function decryptLayers(options: DecryptOptions): Promise<LayerTransform> {
  if (options.keys.length === 0) throw new OciEncError("USAGE", "no key to decrypt with is given");
  const keyring = await loadKeyring(options.keys, {
    ...options.settings,
    progress: options.progress,
    signal: options.signal,
  });
  const chosen = choosing(options.select ?? allLayers);
  const unopened: OciEncError[] = [];
  let opened = 0;
  return {
    async layer(layer, context) {
      if (chosen.choose(layer, context) === "no") return keep;
      requireHonest(layer, context);
      if (!isEncrypted(layer.mediaType)) return keep;
      const outcome = await open(layer, context, keyring);
      if (outcome instanceof OciEncError) {
        unopened.push(outcome);
        return keep;
      }
      opened += 1;
      return opening(layer, context, { ...options, unwrapped: outcome });
    },
    planned() {
      chosen.requireMatches();
      if (unopened.length === 0) return;
      if (!options.partial || opened === 0) throw mismatch(unopened, opened);
      for (const { message } of unopened) options.progress?.({ type: "warning", code: "LAYER_KEPT", message });
    },
  };
}

const keep: LayerChange = { kind: "keep" };

/** The media type and the annotations must say the same about a layer. */
function requireHonest(layer: Descriptor, context: LayerContext): void {
  const where = layerName(layer, context);
  if (isEncrypted(plainTwin(layer.mediaType))) {
    throw new OciEncError("CORRUPT", `${where} says twice that it is encrypted`);
  }
  if (!isEncrypted(layer.mediaType) && hasEnvelope(layer.annotations)) {
    throw new OciEncError("CORRUPT", `${where} has wrapped keys, and a media type that says it is plain`);
  }
}

/** KEY_MISMATCH is handed back, to be listed with others; everything else is thrown, naming the layer. */
async function open(layer: Descriptor, context: LayerContext, keyring: Keyring): Promise<Unwrapped | OciEncError> {
  try {
    return await openEnvelope(layer.annotations, keyring);
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    const { cause, code, hint, message } = error;
    const named = new OciEncError(code, `${layerName(layer, context)}: ${message}`, { cause, hint });
    if (code === "KEY_MISMATCH") return named;
    throw named;
  }
}

interface Opening extends DecryptOptions {
  readonly unwrapped: Unwrapped;
}

function opening(layer: Descriptor, context: LayerContext, how: Opening): Rewrite {
  const { cipher, options } = how.unwrapped;
  const wrapped = options.private.digest;
  const open = (bytes: ByteStream) => cipher.open(bytes, options, layer.size);
  return {
    kind: "rewrite",
    action: "decrypt",
    merge: `decrypt ${wrapped} ${context.diffId}`,
    size: cipher.openSize(layer.size),
    algorithm: wrapped ? algorithmOf(wrapped) : "sha256",
    start(bytes, again) {
      const check = checking(open(bytes), () => open(again()), { layer, context, how });
      return {
        bytes: check.bytes,
        async describe(stored) {
          await check.require(stored.digest);
          return (sealed) => ({
            ...sealed,
            ...stored,
            mediaType: plainTwin(sealed.mediaType),
            annotations: withoutEnvelope(sealed.annotations),
          });
        },
      };
    },
  };
}

interface Check {
  readonly bytes: ByteStream;
  /** Throws CORRUPT when the plain blob, of digest `stored`, is not what was sealed. */
  require(stored: Digest): Promise<void>;
}

/**
 * The wrapped digest is that of the blob before a peer recompressed it (wire-format, fact 0.1). Where it is the diff id,
 * the layer is decompressed while it passes; where neither it nor the plain blob agrees, it is run a second time.
 */
function checking(
  plain: ByteStream,
  again: () => ByteStream,
  { layer, context, how }: { layer: Descriptor; context: LayerContext; how: Opening },
): Check {
  const expected = how.unwrapped.options.private.digest;
  const { diffId } = context;
  const where = layerName(layer, context);
  const notice = (code: "RECOMPRESSED" | "DIGEST_NOT_CHECKED", message: string) =>
    how.progress?.({ type: "warning", code, message: `${where}: ${message}` });
  if (how.verifyContent === false) return { bytes: plain, async require() {} };

  const compressed = !plainTwin(layer.mediaType).endsWith(".tar");
  const onTheWay = compressed && diffId !== undefined && (expected === undefined || expected === diffId);
  const branch = onTheWay ? branching(plain, (copy) => uncompressedDigest(copy, diffId)) : undefined;
  return {
    bytes: branch?.bytes ?? plain,
    async require(stored) {
      if (expected === undefined) notice("DIGEST_NOT_CHECKED", "its wrapped options record no digest of the content");
      if (stored === expected || (expected === undefined && diffId === undefined)) return;
      const found = diffId && (await (branch ? branch.result() : uncompressedDigest(again(), diffId)));
      if (found === undefined || found !== diffId) throw notWhatWasSealed(where);
      if (expected !== undefined && expected !== diffId) {
        notice(
          "RECOMPRESSED",
          "the wrapped digest is that of another compression; the content was checked by its diff id",
        );
      }
    },
  };
}

/** Undefined when the bytes cannot be decompressed. */
async function uncompressedDigest(bytes: ByteStream, like: Digest): Promise<Digest | undefined> {
  const digested = digesting(decompressing(bytes), 0, algorithmOf(like));
  try {
    for await (const _ of digested.bytes);
    return digested.sum().digest;
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") return undefined;
    throw error;
  }
}

function notWhatWasSealed(where: string): OciEncError {
  return new OciEncError(
    "CORRUPT",
    `${where}: what it opens to is neither the wrapped digest's content nor the diff id's`,
    {
      hint: "the sealed layer may belong to another image; --no-verify-content accepts it where its writer is known to be broken",
    },
  );
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
