import { attestedBy } from "../copy/plan/attestation.js";
import { type ManifestPlan, makePlan, manifestsOf } from "../copy/plan/plan.js";
import { absentAndKept, warnAbsentManifests } from "../copy/warnings/absent-manifests.js";
import type { DecryptionKey, RecipientInfo, SchemeSettings } from "../crypt/key-wrapper.js";
import { type Keyring, loadKeyring } from "../crypt/layer.js";
import { accessTo, type LayerVerdict } from "../crypt/layer-access.js";
import { annotationSuffixesOf, recipientsOf, schemesOf } from "../crypt/recipients.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type ImageConfig, parseImageConfig } from "../oci/image-config.js";
import { isEncrypted } from "../oci/media-type.js";
import type { Platform } from "../oci/platform.js";
import type { Progress } from "../progress.js";
import { createChooser, type LayerSelection } from "../transform/select.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions, ImageSource } from "../transport/transport.js";

/** What to look at, and what the transport needs. */
export interface InspectImageOptions extends InspectOptions {
  /** Which layers to tell of; default all. */
  readonly select?: LayerSelection | undefined;
  readonly source?: EndpointOptions | undefined;
}

/**
 * Opens an image, inspects it, closes it. Throws what `inspect` throws; USAGE for a reference that makes no sense, and
 * for a selector that matches no layer.
 */
export async function inspectImage(reference: string, options: InspectImageOptions = {}): Promise<ImageReport> {
  await using source = await openSource(reference, {
    signal: options.signal,
    progress: options.progress,
    ...options.source,
  });
  const report = await inspect(source, options);
  return options.select === undefined ? report : withChosenLayers(report, options.select);
}

function withChosenLayers(report: ImageReport, select: LayerSelection): ImageReport {
  const chosen = createChooser(select);
  const manifests = report.manifests.map((manifest) => {
    const count = manifest.layers.length;
    const layers = manifest.layers.filter(({ layer, index }) => chosen.choose(layer, { index, count }) !== "no");
    return { ...manifest, layers };
  });
  chosen.requireMatches();
  return { ...report, manifests };
}

/** What to look at, and with which keys. */
export interface InspectOptions {
  /** Default: every platform. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Tell of each encrypted layer whether one of these decrypts it. */
  readonly keys?: readonly DecryptionKey[] | undefined;
  /** Where key schemes find programs and services. */
  readonly settings?: SchemeSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** An image as its manifests show it; no layer has been read. */
export interface ImageReport {
  readonly reference: string;
  /** What the reference names. */
  readonly root: Descriptor;
  /** The root as it is stored. */
  readonly rootBytes: Uint8Array;
  readonly manifests: readonly ManifestReport[];
  /** What its indexes name and its place does not have; of `platforms`, nothing. */
  readonly absent: readonly Descriptor[];
}

/** One manifest of the image. */
export interface ManifestReport {
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
  /** Of BuildKit's attestations, which describe another manifest and hold no file system. */
  readonly attestation: boolean;
  readonly config: Descriptor;
  /** The image's config as it is stored; undefined when it is not an image config. */
  readonly configBytes: Uint8Array | undefined;
  /** What it says; undefined also when it is not JSON: its digest is right, so that is what the author of the image wrote. */
  readonly imageConfig: ImageConfig | undefined;
  readonly layers: readonly InspectedLayer[];
}

/** One layer, as far as its descriptor says. */
export interface InspectedLayer {
  readonly index: number;
  readonly layer: Descriptor;
  /** By its media type; schemes may be empty all the same, and then nobody can decrypt it. */
  readonly encrypted: boolean;
  readonly schemes: readonly string[];
  /** The names of the annotations that hold wrapped keys, without their common beginning: `jwe`, `provider.NAME`. */
  readonly annotationSuffixes: readonly string[];
  readonly recipients: readonly RecipientInfo[];
  /** What the given keys can do with it; undefined without keys. */
  readonly access: LayerVerdict | undefined;
}

/** Reads the manifests and configs of an image, and says who can open its layers. Throws as `ImageSource` does; CORRUPT, KEY_INVALID. */
export async function inspect(source: ImageSource, options: InspectOptions = {}): Promise<ImageReport> {
  const { keys, settings, progress, signal } = options;
  const keyring = keys && (await loadKeyring(keys, { ...settings, progress, signal }));
  const root = await source.resolve();
  const rootBytes = await source.manifest(root);
  const { platforms } = options;
  const plan = await makePlan(source, root, { platforms, otherPlatforms: "drop", configs: true, absent: "keep" });
  const absent = absentAndKept(plan);
  if (progress) warnAbsentManifests(absent, source.name, progress);
  const reports = await Promise.all(manifestsOf(plan).map((manifest) => manifestReport(manifest, keyring)));
  return {
    reference: source.name,
    root,
    rootBytes,
    manifests: reports,
    absent: absent.map(({ descriptor }) => descriptor),
  };
}

async function manifestReport(manifest: ManifestPlan, keyring: Keyring | undefined): Promise<ManifestReport> {
  const { descriptor, platform, view } = manifest;
  const layers = await Promise.all(
    view.layers.map(async (layer, index): Promise<InspectedLayer> => {
      const recipients = await recipientsOf(layer.annotations);
      const encrypted = isEncrypted(layer.mediaType);
      const access = keyring && (await accessTo(layer, keyring));
      return {
        index,
        layer,
        encrypted,
        schemes: schemesOf(layer.annotations),
        annotationSuffixes: annotationSuffixesOf(layer.annotations),
        recipients,
        access,
      };
    }),
  );
  const attestation = attestedBy(descriptor) !== undefined;
  return {
    descriptor,
    platform,
    attestation,
    config: view.config,
    configBytes: manifest.config,
    imageConfig: readable(manifest.config),
    layers,
  };
}

function readable(config: Uint8Array | undefined): ImageConfig | undefined {
  if (config === undefined) return undefined;
  try {
    return parseImageConfig(config);
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") return undefined;
    throw error;
  }
}
