import { abortable } from "../bytes/abortable.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { decompressing, peek } from "../bytes/decompressing.js";
import { digesting } from "../bytes/digesting.js";
import { formHead, formOf } from "../bytes/file-form.js";
import { progressMeter } from "../bytes/progress-meter.js";
import { verifying } from "../bytes/verifying.js";
import { attestedBy } from "../copy/plan/attestation.js";
import { chooseImage } from "../copy/plan/choose-image.js";
import { type ManifestPlan, makePlan, manifestsOf } from "../copy/plan/plan.js";
import { absentAndKept } from "../copy/warnings/absent-manifests.js";
import type { DecryptionKey, SchemeSettings } from "../crypt/key-wrapper.js";
import { type Keyring, loadKeyring, type Unwrapped } from "../crypt/layer.js";
import { checkLayerAccess } from "../crypt/layer-access.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest } from "../oci/digest.js";
import { diffIdsOf } from "../oci/manifest.js";
import { isEncrypted, layerKind } from "../oci/media-type.js";
import type { Platform } from "../oci/platform.js";

import type { Progress } from "../progress.js";
import type { ImageSource } from "../transport/transport.js";
import type { LayerCache } from "./layer-cache.js";

/** Which image of an index, and how to decrypt its layers. */
export interface OpenImageOptions {
  /** Default: this machine's, else the only one there is. */
  readonly platform?: Platform | undefined;
  readonly keys?: readonly DecryptionKey[] | undefined;
  readonly settings?: SchemeSettings | undefined;
  readonly cache?: LayerCache | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One image whose layer keys are unwrapped; no layer has been read yet. */
export interface OpenedImage {
  readonly reference: string;
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
  /** As it is stored. */
  readonly config: Uint8Array;
  /** Whether any layer is encrypted. */
  readonly encrypted: boolean;
  /** From the bottom up. */
  readonly layers: readonly OpenedLayer[];
}

/** One layer that can be read. */
export interface OpenedLayer {
  readonly descriptor: Descriptor;
  /** For messages: `layer 2`. */
  readonly what: string;
  /** The uncompressed archive. CORRUPT at its end, or before, when it is not what descriptor and config say. */
  tar(): ByteStream;
}

/**
 * Finds the image and unwraps the keys of its encrypted layers, so that a missing key is known (KEY_MISMATCH) before anything
 * is written. USAGE when the platform is ambiguous; UNSUPPORTED for what is not an image of layers; CORRUPT when layers and
 * diff ids do not match.
 */
export async function openImage(source: ImageSource, options: OpenImageOptions): Promise<OpenedImage> {
  const { settings, progress, signal } = options;
  const { descriptor, config, platform, view } = await chooseManifest(source, options);
  if (config === undefined) {
    throw new OciEncError(
      "UNSUPPORTED",
      `the config of ${source.name} is not that of a container image: ${view.config.mediaType}`,
    );
  }
  const diffIds = diffIdsOf(config);
  if (diffIds.length !== view.layers.length) {
    throw new OciEncError("CORRUPT", `the image has ${view.layers.length} layers and ${diffIds.length} diff ids`);
  }
  const encrypted = view.layers.some(({ mediaType }) => isEncrypted(mediaType));
  const keyring = encrypted ? await loadKeyring(options.keys ?? [], { ...settings, progress, signal }) : [];
  const layers: OpenedLayer[] = [];
  for (const [index, layer] of view.layers.entries()) {
    const diffId = diffIds[index];
    if (diffId === undefined) throw new Error("a layer without a diff id");
    const what = `layer ${index}`;
    const unwrapped = await unwrap(layer, what, { keyring, given: (options.keys ?? []).length > 0 });
    layers.push({
      descriptor: layer,
      what,
      tar: () => openTar({ source, layer, diffId, what, unwrapped }, options),
    });
  }
  return { reference: source.name, descriptor, platform, config, encrypted, layers };
}

async function chooseManifest(
  source: ImageSource,
  { platform: wanted, progress }: OpenImageOptions,
): Promise<ManifestPlan> {
  const root = await source.resolve();
  const plan = await makePlan(source, root, {
    ...(wanted && { platforms: [wanted], otherPlatforms: "drop" }),
    configs: true,
    absent: "keep",
  });
  const isImage = ({ descriptor }: { descriptor: Descriptor }) => attestedBy(descriptor) === undefined;
  const absent = absentAndKept(plan).filter(isImage);
  return chooseImage(manifestsOf(plan).filter(isImage), { name: source.name, wanted, absent, progress });
}

interface Keys {
  readonly keyring: Keyring;
  /** Whether any key was given. */
  readonly given: boolean;
}

/** Undefined for a layer that is not encrypted. */
async function unwrap(layer: Descriptor, what: string, keys: Keys): Promise<Unwrapped | undefined> {
  if (layerKind(layer.mediaType) === undefined) {
    throw new OciEncError(
      "UNSUPPORTED",
      `${what} has the unknown media type ${JSON.stringify(layer.mediaType.slice(0, 120))}`,
    );
  }
  const answer = await checkLayerAccess(layer, keys.keyring);
  if (answer.kind === "plain") return undefined;
  if (answer.kind === "yes") return answer.unwrapped;
  const { error } = answer;
  if (answer.kind === "cannot") throw error.with({ message: `${what}: ${error.message}` });
  const why = keys.given ? `${what}: ${error.message}` : "missing private key needed for decryption";
  throw error.with({ message: `you are not authorized to use this image: ${why}` });
}

/** What is needed to read one layer. */
interface LayerAccess {
  readonly source: ImageSource;
  readonly layer: Descriptor;
  readonly diffId: Digest;
  readonly what: string;
  readonly unwrapped: Unwrapped | undefined;
}

/** Which cache, when to stop, and who is told how much has been read. */
type Circumstances = Pick<OpenImageOptions, "cache" | "signal" | "progress">;

async function* openTar(access: LayerAccess, circumstances: Circumstances): AsyncGenerator<Uint8Array> {
  const { diffId, what } = access;
  const { bytes, sum } = digesting(
    decompressing(knownForm(plainBytes(access, circumstances), what), what),
    access.layer.size,
    algorithmOf(diffId),
  );
  yield* bytes;
  if (sum().digest === diffId) return;
  throw new OciEncError("CORRUPT", `${what} unpacks to ${sum().digest}, but the image's config says ${diffId}`);
}

/** Refuses a layer in a format that image layers cannot have, by the name of that format, before it would seem damaged. */
async function* knownForm(bytes: ByteStream, what: string): AsyncGenerator<Uint8Array> {
  const { head, rest } = await peek(bytes, formHead);
  const form = head.length === 0 ? undefined : formOf(head);
  for await (const chunk of rest) {
    if (form !== undefined && form.reader !== "own") throw unknownForm(what, form.what);
    yield chunk;
  }
}

function unknownForm(what: string, form: string): OciEncError {
  return new OciEncError("UNSUPPORTED", `${what} is ${form}, and layers are tar archives, plain or in gzip or zstd`, {
    hint: "have the image built again with layers in gzip or zstd",
  });
}

function plainBytes(access: LayerAccess, { cache, signal, progress }: Circumstances): ByteStream {
  const { source, layer, diffId, unwrapped } = access;
  const stored = () => {
    const bytes = verifying(signal ? abortable(source.blob(layer), signal) : source.blob(layer), layer);
    let moved = 0;
    if (progress === undefined) return bytes;
    return progressMeter(bytes, (count) => {
      moved += count;
      progress({ type: "moved", blob: layer, bytes: moved });
    });
  };
  if (unwrapped === undefined) return stored();
  const open = () => unwrapped.cipher.open(stored(), unwrapped.options, layer.size);
  if (cache === undefined) return open();
  const { opening, options } = unwrapped;
  const secret = options.private.symmetricKey;
  return cache.through({ layer: layer.digest, opening, diffId, secret }, open);
}
