import { attestedBy } from "../copy/plan/attestation.js";
import { type ManifestPlan, makePlan, manifestsOf } from "../copy/plan/plan.js";
import type { DecryptionKey, RecipientInfo, SchemeSettings } from "../crypt/key-wrapper.js";
import { type Keyring, loadKeyring } from "../crypt/layer.js";
import { checkLayerAccess } from "../crypt/layer-access.js";
import { recipientsOf } from "../crypt/recipients.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { diffIdsOf } from "../oci/manifest.js";
import { isEncrypted } from "../oci/media-type.js";
import { type Platform, printPlatform } from "../oci/platform.js";
import type { Progress } from "../progress.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions, ImageSource } from "../transport/transport.js";

/** What to compare, and what the transports need. */
export interface DiffImagesOptions extends DiffOptions {
  /** For the first image. */
  readonly source?: EndpointOptions | undefined;
  /** For the second. */
  readonly other?: EndpointOptions | undefined;
}

/** Opens two images, compares them, closes them. Throws what `diff` throws; USAGE for a reference that makes no sense. */
export async function diffImages(a: string, b: string, options: DiffImagesOptions = {}): Promise<ImageDiff> {
  const ends: EndpointOptions = { signal: options.signal, progress: options.progress };
  await using one = await openSource(a, { ...ends, ...options.source });
  await using other = await openSource(b, { ...ends, ...(options.other ?? options.source) });
  return await diff(one, other, options);
}

/** Which platforms, and which keys. */
export interface DiffOptions {
  readonly platforms?: readonly Platform[] | undefined;
  /** With them, encrypted layers are compared by the digests that are wrapped with their keys, which only claim something. */
  readonly keys?: readonly DecryptionKey[] | undefined;
  readonly settings?: SchemeSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** How two images differ. */
export interface ImageDiff {
  readonly a: DiffSide;
  readonly b: DiffSide;
  /** One digest: nothing differs. */
  readonly identical: boolean;
  readonly layers: readonly LayerDiff[];
}

/** One of the two images. */
export interface DiffSide {
  readonly reference: string;
  readonly digest: Digest;
}

/** One position of one platform in both images. */
export interface LayerDiff {
  readonly platform: Platform | undefined;
  readonly index: number;
  /** Undefined: the image has no such layer. */
  readonly a: Descriptor | undefined;
  readonly b: Descriptor | undefined;
  /**
   * `same blob`: one stored digest, and under the same keys where that is known. `claimed same` and `claimed different`: a
   * key decrypts what is encrypted, and the digests wrapped with the layers' keys say so; whoever encrypted a layer can have
   * written any. `same diff id`: the configs say so. No layer is read, so nothing proves either. `different`: plain blobs
   * or diff ids differ. `unknown`: nothing tells.
   */
  readonly content:
    | "same blob"
    | "claimed same"
    | "claimed different"
    | "same diff id"
    | "different"
    | "unknown"
    | "only in a"
    | "only in b";
  /** In b and not in a, and the reverse. */
  readonly recipientsAdded: readonly RecipientInfo[];
  readonly recipientsRemoved: readonly RecipientInfo[];
}

/** Compares two images layer by layer and recipient by recipient, from their manifests and configs. KEY_INVALID, and what the ends throw. */
export async function diff(a: ImageSource, b: ImageSource, options: DiffOptions = {}): Promise<ImageDiff> {
  const { keys, settings, progress, signal } = options;
  const keyring = keys && (await loadKeyring(keys, { ...settings, progress, signal }));
  const [one, other] = await Promise.all([read(a, options), read(b, options)]);
  const platforms = [...new Set([...one.platforms.keys(), ...other.platforms.keys()])];
  const layers = await Promise.all(
    platforms.map((name) => compare(one.platforms.get(name) ?? none, other.platforms.get(name) ?? none, keyring)),
  );
  const sides = { a: one.side, b: other.side };
  return { ...sides, identical: one.side.digest === other.side.digest, layers: layers.flat() };
}

/** One manifest's layers, with what the config says of each. */
interface PlatformLayers {
  /** Of the platform; several manifests can be for one, and are compared in their order. */
  readonly name?: string;
  readonly platform: Platform | undefined;
  readonly layers: readonly { readonly layer: Descriptor; readonly diffId: Digest | undefined }[];
}

const none: PlatformLayers = { platform: undefined, layers: [] };

async function read(source: ImageSource, { platforms }: DiffOptions) {
  const root = await source.resolve();
  const plan = await makePlan(source, root, { platforms, otherPlatforms: "drop", configs: true });
  const manifests = manifestsOf(plan).filter(({ descriptor }) => attestedBy(descriptor) === undefined);
  const byPlatform = new Map<string, PlatformLayers>();
  for (const manifest of manifests) {
    const sameName = [...byPlatform.values()].filter(({ name }) => name === nameOf(manifest)).length;
    byPlatform.set(`${nameOf(manifest)} ${sameName}`, { ...layersOf(manifest), name: nameOf(manifest) });
  }
  return { side: { reference: source.name, digest: root.digest }, platforms: byPlatform };
}

function nameOf({ platform }: ManifestPlan): string {
  return platform ? printPlatform(platform) : "";
}

function layersOf({ platform, view, config }: ManifestPlan): PlatformLayers {
  const diffIds = config ? diffIdsOf(config) : [];
  const known = diffIds.length === view.layers.length;
  return { platform, layers: view.layers.map((layer, at) => ({ layer, diffId: known ? diffIds[at] : undefined })) };
}

async function compare(a: PlatformLayers, b: PlatformLayers, keyring: Keyring | undefined): Promise<LayerDiff[]> {
  const length = Math.max(a.layers.length, b.layers.length);
  return await Promise.all(
    Array.from({ length }, async (_, index): Promise<LayerDiff> => {
      const [one, other] = [a.layers[index], b.layers[index]];
      const before = await recipientsOf(one?.layer.annotations);
      const after = await recipientsOf(other?.layer.annotations);
      return {
        platform: a.platform ?? b.platform,
        index,
        a: one?.layer,
        b: other?.layer,
        content: await sameContent(one, other, keyring),
        recipientsAdded: less(after, before),
        recipientsRemoved: less(before, after),
      };
    }),
  );
}

type Entry = PlatformLayers["layers"][number];

async function sameContent(
  a: Entry | undefined,
  b: Entry | undefined,
  keyring: Keyring | undefined,
): Promise<LayerDiff["content"]> {
  if (!b) return "only in a";
  if (!a) return "only in b";
  const [one, other] = await Promise.all([contentOf(a.layer, keyring), contentOf(b.layer, keyring)]);
  // One blob under two keys holds two contents.
  const alike = !one?.opening || !other?.opening || one.opening === other.opening;
  if (a.layer.digest === b.layer.digest && alike) return "same blob";
  if (one?.digest && other?.digest && one.digest === other.digest) return "claimed same";
  if (a.diffId && b.diffId) return a.diffId === b.diffId ? "same diff id" : "different";
  return one?.digest && other?.digest ? "claimed different" : "unknown";
}

interface ClaimedContent {
  /** Of the plain blob: what is stored, or for an encrypted layer what is wrapped with its key. */
  readonly digest: Digest | undefined;
  /** How an encrypted layer opens. */
  readonly opening: string | undefined;
}

/** Undefined where it cannot be known. */
async function contentOf(layer: Descriptor, keyring: Keyring | undefined): Promise<ClaimedContent | undefined> {
  if (!isEncrypted(layer.mediaType)) return { digest: layer.digest, opening: undefined };
  const answer = keyring && (await checkLayerAccess(layer, keyring));
  if (answer?.kind === "cannot" && answer.error.code === "KEY_PROVIDER") throw answer.error;
  if (answer?.kind !== "yes") return undefined;
  const { options, opening } = answer.unwrapped;
  options.private.symmetricKey.fill(0);
  return { digest: options.private.digest, opening };
}

/** What the first list has more of; recipients without a name are told apart by their labels alone. */
function less(all: readonly RecipientInfo[], taken: readonly RecipientInfo[]): readonly RecipientInfo[] {
  const rest = taken.map(identity);
  return all.filter((info) => {
    const at = rest.indexOf(identity(info));
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

function identity({ scheme, algorithm, id, label }: RecipientInfo): string {
  return JSON.stringify([scheme, algorithm, id, id === "" ? label : ""]);
}
