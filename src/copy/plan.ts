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
import { isImageConfigType, isIndexType, isManifestType, layerKind } from "../oci/media-type.js";
import { type Platform, platformMatches, printPlatform } from "../oci/platform.js";
import type { LayerChange, LayerTransform } from "../transform/layer-transform.js";
import type { ImageSource } from "../transport/transport.js";
import { absentIn, configAbsent, partsAbsent, platformMissing, unlessAbsent } from "./absent.js";
import { attestedBy } from "./attestation.js";
import { readBlob } from "./read-blob.js";
import { at } from "./side.js";

/** The image as it is, and what will become of each part. Made before anything is written. */
export type Plan = IndexPlan | ManifestPlan;

/** What an index names, as it is and will be. */
export type ChildPlan = Plan | OpaquePlan | UnreadPlan;

/** An index; `kept` is false for children that the copy leaves out. */
export interface IndexPlan {
  readonly kind: "index";
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly view: ImageIndex;
  readonly children: readonly PlannedChild[];
}

/** A child of an index, and whether the copy takes it along. */
export interface PlannedChild {
  readonly plan: ChildPlan;
  readonly kept: boolean;
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
  /** Undefined: it is a blob, as of an index that lists layers itself, and is moved like one. */
  readonly bytes: Uint8Array | undefined;
}

/** A child of an index of which nothing is known but its descriptor. Kept, it stays named and nothing of it is moved. */
export interface UnreadPlan {
  readonly kind: "unread";
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
  /** `absent`: its place does not have it, or not its config. `unwanted`: it is for another platform, and is left out. */
  readonly why: "absent" | "unwanted";
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
  /**
   * When all platforms are meant and the image's place lacks some: `refuse` (the default) or `keep` them named. Where
   * `platforms` are given, the others may be absent.
   */
  readonly absent?: "refuse" | "keep" | undefined;
}

const depthLimit = 8;
const manifestCountLimit = 10_000;

/**
 * Reads every manifest below `root` that may be needed, and asks the transform about each layer of the chosen ones.
 * NOT_FOUND when a wanted platform is not there; CORRUPT for what is malformed or nested without end; and whatever the
 * transform refuses.
 */
export async function makePlan(source: ImageSource, root: Descriptor, options: PlanOptions): Promise<Plan> {
  const planner = new Planner(source, options);
  const plan = await planner.root(root);
  planner.requirePlatforms(plan);
  options.transform?.planned?.();
  return planner.narrow(plan);
}

/** Every manifest of a plan that the copy will carry. */
export function manifestsOf(plan: ChildPlan): readonly ManifestPlan[] {
  if (plan.kind === "manifest") return [plan];
  if (plan.kind !== "index") return [];
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
  readonly #seen = new Map<string, Promise<ChildPlan>>();
  readonly #offered: Platform[] = [];
  readonly #matched = new Set<Platform>();

  constructor(source: ImageSource, options: PlanOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** The root, which has to be there. */
  async root(descriptor: Descriptor): Promise<Plan> {
    const plan = await this.#plan(descriptor, { depth: 0, platform: undefined });
    if (plan.kind === "index" || plan.kind === "manifest") return plan;
    throw new Error("the root of an image was not read");
  }

  /** NOT_FOUND when one of the wanted platforms has matched nothing that is there, or all are wanted and some are absent. */
  requirePlatforms(plan: Plan): void {
    const { platforms, absent = "refuse" } = this.#options;
    const lack = { absent: absentIn(plan), offered: this.#offered, name: this.#source.name };
    const missing = (platforms ?? []).filter((wanted) => !this.#matched.has(wanted));
    if (missing.length > 0) throw platformMissing(missing, lack);
    if (platforms === undefined && absent === "refuse" && lack.absent.length > 0) throw partsAbsent(lack);
  }

  /** One wanted platform with the others dropped is that manifest itself, so that its digest holds. */
  narrow(plan: Plan): Plan {
    if (!this.#drops || this.#options.platforms?.length !== 1) return plan;
    const [only, ...more] = manifestsOf(plan).filter((manifest) => this.#wants(manifest.platform));
    return only && more.length === 0 ? only : plan;
  }

  /** One plan for each manifest, however many indexes name it. */
  #plan(descriptor: Descriptor, place: Place): Promise<ChildPlan> {
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

  async #make(descriptor: Descriptor, place: Place): Promise<ChildPlan> {
    const { mediaType, size, digest } = descriptor;
    const isChild = place.depth > 0;
    if (isChild && !isManifestType(mediaType) && !isIndexType(mediaType)) return await this.#opaque(descriptor);
    if (isChild && isManifestType(mediaType) && this.#drops && place.platform && !this.#wants(place.platform)) {
      this.#offered.push(place.platform);
      return { kind: "unread", descriptor, platform: place.platform, why: "unwanted" };
    }
    if (size > manifestLimit) {
      throw new OciEncError("CORRUPT", `the manifest ${digest} has more than ${manifestLimit} bytes`);
    }
    const read = () => at("source", () => this.#source.manifest(descriptor));
    const bytes = isChild ? await unlessAbsent(read) : await read();
    if (bytes === undefined) return { kind: "unread", descriptor, platform: place.platform, why: "absent" };
    const view = parseManifest(bytes, mediaType);
    const typed = { ...descriptor, mediaType: view.mediaType };
    if (view.kind === "manifest") return await this.#manifest({ descriptor: typed, bytes, view }, place);
    return await this.#index({ descriptor: typed, bytes, view }, place);
  }

  /** What is no manifest may be a blob. A registry keeps the two apart, and what is unknown here can be either. */
  async #opaque(descriptor: Descriptor): Promise<OpaquePlan> {
    const isBlob = layerKind(descriptor.mediaType) !== undefined || descriptor.size > manifestLimit;
    if (isBlob) return { kind: "opaque", descriptor, bytes: undefined };
    const bytes = await unlessAbsent(() => at("source", () => this.#source.manifest(descriptor)));
    return { kind: "opaque", descriptor, bytes };
  }

  async #index(index: Omit<IndexPlan, "kind" | "children">, place: Place): Promise<IndexPlan> {
    const children: PlannedChild[] = [];
    const images = index.view.manifests.filter((child) => attestedBy(child) === undefined);
    for (const child of images) {
      const platform = child.platform ?? place.platform;
      const plan = await this.#plan(child, { depth: place.depth + 1, platform });
      const kept = this.#keeps(plan);
      if (kept && plan.kind === "opaque") this.#options.transform?.entry?.(child);
      children.push({ plan, kept });
    }
    const planOf = new Map<string, PlannedChild>(children.map((child) => [child.plan.descriptor.digest, child]));
    const inOrder: PlannedChild[] = [];
    for (const child of index.view.manifests) {
      const attested = attestedBy(child);
      const image = attested === undefined ? children[images.indexOf(child)] : undefined;
      inOrder.push(image ?? (await this.#attestation(child, planOf.get(attested ?? ""))));
    }
    return { kind: "index", ...index, children: inOrder };
  }

  /** What describes a manifest goes where that goes; the transform is asked only when it changes the manifest. */
  async #attestation(child: Descriptor, subject: PlannedChild | undefined): Promise<PlannedChild> {
    const unread = { kind: "unread", descriptor: child, platform: undefined } as const;
    if (subject && !subject.kept) return { plan: { ...unread, why: "unwanted" }, kept: false };
    const bytes = await unlessAbsent(() => at("source", () => this.#source.manifest(child)));
    if (bytes === undefined) return { plan: { ...unread, why: "absent" }, kept: !this.#drops };
    const plan = attestationPlan(child, bytes);
    const asked = subject && isChanged(subject.plan) ? this.#options.transform?.attestation?.(child) : undefined;
    return { plan, kept: asked !== "drop" };
  }

  async #manifest(
    manifest: Pick<ManifestPlan, "descriptor" | "bytes" | "view">,
    place: Place,
  ): Promise<ManifestPlan | UnreadPlan> {
    const { platforms, transform, configs } = this.#options;
    const { view, descriptor } = manifest;
    const unnamed = platforms !== undefined && place.platform === undefined;
    const useful = transform !== undefined && transform.configs !== false;
    const read = isImageConfigType(view.config.mediaType) && (configs || unnamed || useful);
    const config = read ? await this.#config(view.config) : undefined;
    // Which platform it is for nobody can tell then.
    if (config === "absent" && place.platform === undefined && place.depth > 0) {
      return { kind: "unread", descriptor, platform: undefined, why: "absent" };
    }
    if (config === "absent") throw configAbsent(view.config, place.platform, this.#source.name);
    const platform = place.platform ?? (config && platformOf(config));
    if (platform) this.#offered.push(platform);
    const asked = this.#wants(platform);
    if (asked) for (const wanted of this.#fitting(platform)) this.#matched.add(wanted);
    const planned = { kind: "manifest", ...manifest, platform, asked, config } as const;
    if (!asked || !transform) return { ...planned, layers: keptLayers(view) };
    return { ...planned, layers: await askAll(transform, planned) };
  }

  async #config(config: Descriptor): Promise<Uint8Array | "absent"> {
    const bytes = await unlessAbsent(() => at("source", () => readBlob(this.#source, config, manifestLimit)));
    return bytes ?? "absent";
  }

  /** Whether a manifest for this platform is one of the wanted. */
  #wants(platform: Platform | undefined): boolean {
    return this.#options.platforms === undefined || this.#fitting(platform).length > 0;
  }

  #fitting(platform: Platform | undefined): readonly Platform[] {
    const { platforms = [] } = this.#options;
    return platforms.filter((wanted) => platform && platformMatches(wanted, platform));
  }

  get #drops(): boolean {
    return this.#options.otherPlatforms === "drop" && this.#options.platforms !== undefined;
  }

  #keeps(plan: ChildPlan): boolean {
    if (!this.#drops) return true;
    if (plan.kind === "manifest") return this.#wants(plan.platform);
    return plan.kind === "index" && plan.children.some(({ kept }) => kept);
  }
}

function attestationPlan(child: Descriptor, bytes: Uint8Array): ManifestPlan | OpaquePlan {
  const view = parseManifest(bytes, child.mediaType);
  if (view.kind === "index") return { kind: "opaque", descriptor: child, bytes };
  const nowhere = { platform: undefined, asked: false, config: undefined };
  return { kind: "manifest", descriptor: child, bytes, view, ...nowhere, layers: keptLayers(view) };
}

function isChanged(plan: ChildPlan): boolean {
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
