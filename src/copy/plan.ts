import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import {
  diffIdsOf,
  type ImageIndex,
  type ImageManifest,
  manifestLimit,
  parseManifest,
  platformOf,
} from "../oci/manifest.js";
import { isImageConfigType, isIndexType, isManifestType } from "../oci/media-type.js";
import { type Platform, platformMatches, printPlatform } from "../oci/platform.js";
import type { LayerChange, LayerTransform } from "../transform/layer-transform.js";
import type { ImageSource } from "../transport/transport.js";
import { attestedBy } from "./attestation.js";
import { readBlob } from "./read-blob.js";
import { at } from "./side.js";

/** The image as it is, and what will become of each part. Made before anything is written. */
export type Plan = IndexPlan | ManifestPlan | OpaquePlan;

/** An index; `kept` is false for children that the copy leaves out. */
export interface IndexPlan {
  readonly kind: "index";
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly view: ImageIndex;
  readonly children: readonly { readonly plan: Plan; readonly kept: boolean }[];
}

/** A manifest and what becomes of its layers, in their order. */
export interface ManifestPlan {
  readonly kind: "manifest";
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly view: ImageManifest;
  readonly platform: Platform | undefined;
  /** Whether the transform is for this manifest; false for the platforms that are not wanted. */
  readonly asked: boolean;
  /** The image's config as it is stored, where the plan had a use for it. */
  readonly config: Uint8Array | undefined;
  readonly layers: readonly LayerPlan[];
}

/** A child of an index that is neither manifest nor index: carried as it is. */
export interface OpaquePlan {
  readonly kind: "opaque";
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** One layer of one manifest. */
export interface LayerPlan {
  readonly layer: Descriptor;
  readonly index: number;
  readonly change: LayerChange;
}

/** What the plan depends on. */
export interface PlanOptions {
  readonly transform?: LayerTransform | undefined;
  /** Which manifests of an index the transform is for; default all. */
  readonly platforms?: readonly Platform[] | undefined;
  /** What becomes of the other manifests of an index; default `keep`. */
  readonly otherPlatforms?: "keep" | "drop" | undefined;
  /** Read every image's config, even if nothing else asks for it. */
  readonly configs?: boolean | undefined;
}

const depthLimit = 8;
const manifestCountLimit = 10_000;

/**
 * Reads every manifest below `root` and asks the transform about each layer of the chosen ones. NOT_FOUND when a wanted
 * platform is not there; CORRUPT for what is malformed or nested without end; and whatever the transform refuses.
 */
export async function makePlan(source: ImageSource, root: Descriptor, options: PlanOptions): Promise<Plan> {
  const planner = new Planner(source, options);
  const plan = await planner.plan(root, { depth: 0, platform: undefined });
  planner.requirePlatforms();
  options.transform?.planned?.();
  return planner.narrow(plan);
}

/** Every manifest of a plan that the copy will carry. */
export function manifestsOf(plan: Plan): readonly ManifestPlan[] {
  if (plan.kind === "manifest") return [plan];
  if (plan.kind === "opaque") return [];
  return plan.children.filter(({ kept }) => kept).flatMap((child) => manifestsOf(child.plan));
}

interface Place {
  readonly depth: number;
  /** As an index above says. */
  readonly platform: Platform | undefined;
}

/** One walk over an image. */
class Planner {
  readonly #source: ImageSource;
  readonly #options: PlanOptions;
  readonly #seen = new Map<string, Promise<Plan>>();
  readonly #offered: Platform[] = [];
  readonly #matched = new Set<Platform>();

  constructor(source: ImageSource, options: PlanOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** One plan for each manifest, however many indexes name it. */
  plan(descriptor: Descriptor, place: Place): Promise<Plan> {
    const key = `${descriptor.digest} ${place.platform ? printPlatform(place.platform) : ""}`;
    const known = this.#seen.get(key);
    if (known) return known;
    if (place.depth > depthLimit) throw new OciEncError("CORRUPT", `indexes are nested more than ${depthLimit} deep`);
    if (this.#seen.size >= manifestCountLimit) {
      throw new OciEncError("CORRUPT", `the image has more than ${manifestCountLimit} manifests`);
    }
    const plan = this.#make(descriptor, place);
    this.#seen.set(key, plan);
    return plan;
  }

  /** NOT_FOUND when one of the wanted platforms has matched nothing. */
  requirePlatforms(): void {
    const missing = (this.#options.platforms ?? []).filter((wanted) => !this.#matched.has(wanted));
    if (missing.length === 0) return;
    const offered = [...new Set(this.#offered.map(printPlatform))];
    throw new OciEncError(
      "NOT_FOUND",
      `no image for ${missing.map(printPlatform).join(", ")} in ${this.#source.name}`,
      {
        hint:
          offered.length > 0
            ? `it has images for ${offered.slice(0, 40).join(", ")}`
            : "its manifests name no platform",
      },
    );
  }

  /** One wanted platform with the others dropped is that manifest itself, so that its digest holds. */
  narrow(plan: Plan): Plan {
    if (this.#options.otherPlatforms !== "drop" || this.#options.platforms?.length !== 1) return plan;
    const [only, ...more] = manifestsOf(plan).filter((manifest) => this.#wants(manifest.platform));
    return only && more.length === 0 ? only : plan;
  }

  async #make(descriptor: Descriptor, place: Place): Promise<Plan> {
    if (descriptor.size > manifestLimit) {
      throw new OciEncError("CORRUPT", `the manifest ${descriptor.digest} has more than ${manifestLimit} bytes`);
    }
    const bytes = await at("source", () => this.#source.manifest(descriptor));
    if (place.depth > 0 && !isManifestType(descriptor.mediaType) && !isIndexType(descriptor.mediaType)) {
      return { kind: "opaque", descriptor, bytes };
    }
    const view = parseManifest(bytes, descriptor.mediaType);
    const typed = { ...descriptor, mediaType: view.mediaType };
    if (view.kind === "manifest") return this.#manifest({ descriptor: typed, bytes, view }, place);
    return this.#index({ descriptor: typed, bytes, view }, place);
  }

  async #index(index: Omit<IndexPlan, "kind" | "children">, place: Place): Promise<IndexPlan> {
    const children: { plan: Plan; kept: boolean }[] = [];
    const images = index.view.manifests.filter((child) => attestedBy(child) === undefined);
    for (const child of images) {
      const platform = child.platform ?? place.platform;
      const plan = await this.plan(child, { depth: place.depth + 1, platform });
      children.push({ plan, kept: this.#keeps(plan) });
    }
    const planOf = new Map<string, { plan: Plan; kept: boolean }>(
      children.map((child) => [child.plan.descriptor.digest, child]),
    );
    const inOrder: { plan: Plan; kept: boolean }[] = [];
    for (const child of index.view.manifests) {
      const attested = attestedBy(child);
      const image = attested === undefined ? children[images.indexOf(child)] : undefined;
      inOrder.push(image ?? (await this.#attestation(child, planOf.get(attested ?? ""))));
    }
    return { kind: "index", ...index, children: inOrder };
  }

  /** What describes a manifest goes where that goes; the transform is asked only when it changes the manifest. */
  async #attestation(
    child: Descriptor,
    subject: { plan: Plan; kept: boolean } | undefined,
  ): Promise<{ plan: Plan; kept: boolean }> {
    const bytes = await at("source", () => this.#source.manifest(child));
    const plan = attestationPlan(child, bytes);
    if (subject && !subject.kept) return { plan, kept: false };
    const asked = subject && isChanged(subject.plan) ? this.#options.transform?.attestation?.(child) : undefined;
    return { plan, kept: asked !== "drop" };
  }

  async #manifest(manifest: Pick<ManifestPlan, "descriptor" | "bytes" | "view">, place: Place): Promise<ManifestPlan> {
    const { platforms, transform, configs } = this.#options;
    const { view } = manifest;
    const isImage = isImageConfigType(view.config.mediaType);
    const unnamed = platforms !== undefined && place.platform === undefined;
    const useful = transform !== undefined && transform.configs !== false;
    const config =
      isImage && (configs || unnamed || useful)
        ? await at("source", () => readBlob(this.#source, view.config, manifestLimit))
        : undefined;
    const platform = place.platform ?? (config && platformOf(config));
    if (platform) this.#offered.push(platform);
    const asked = this.#wants(platform);
    const planned = { kind: "manifest", ...manifest, platform, asked, config } as const;
    if (!asked || !transform) return { ...planned, layers: keptLayers(view) };
    return { ...planned, layers: await askAll(transform, planned) };
  }

  /** Whether a manifest for this platform is one of the wanted. */
  #wants(platform: Platform | undefined): boolean {
    const { platforms } = this.#options;
    if (!platforms) return true;
    const fitting = platforms.filter((wanted) => platform && platformMatches(wanted, platform));
    for (const wanted of fitting) this.#matched.add(wanted);
    return fitting.length > 0;
  }

  #keeps(plan: Plan): boolean {
    if (this.#options.otherPlatforms !== "drop" || !this.#options.platforms) return true;
    if (plan.kind === "manifest") return this.#wants(plan.platform);
    return plan.kind === "index" && plan.children.some(({ kept }) => kept);
  }
}

function attestationPlan(child: Descriptor, bytes: Uint8Array): Plan {
  const view = parseManifest(bytes, child.mediaType);
  if (view.kind === "index") return { kind: "opaque", descriptor: child, bytes };
  const nowhere = { platform: undefined, asked: false, config: undefined };
  return { kind: "manifest", descriptor: child, bytes, view, ...nowhere, layers: keptLayers(view) };
}

function isChanged(plan: Plan): boolean {
  return manifestsOf(plan).some(({ layers }) => layers.some(({ change }) => change.kind !== "keep"));
}

function keptLayers(view: ImageManifest): readonly LayerPlan[] {
  return view.layers.map((layer, index) => ({ layer, index, change: { kind: "keep" } }));
}

async function askAll(
  transform: LayerTransform,
  manifest: Omit<ManifestPlan, "layers">,
): Promise<readonly LayerPlan[]> {
  const { descriptor, view, platform, config } = manifest;
  await transform.manifest?.({ descriptor, layers: view.layers, platform, config });
  const count = view.layers.length;
  const diffIds = config ? diffIdsOf(config) : [];
  const asked: LayerPlan[] = [];
  for (const [index, layer] of view.layers.entries()) {
    const diffId = diffIds.length === count ? diffIds[index] : undefined;
    asked.push({ layer, index, change: await transform.layer(layer, { index, count, platform, diffId }) });
  }
  return asked;
}
