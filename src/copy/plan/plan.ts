import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { diffIdsOf, type ImageManifest, manifestLimit, parseManifest, platformOf } from "../../oci/manifest.js";
import { isImageConfigType, isIndexType, isManifestType, layerKind } from "../../oci/media-type.js";
import { type Platform, platformMatches, printPlatform } from "../../oci/platform.js";
import type { KeptWhy, LayerTransform } from "../../transform/layer-transform.js";
import type { ImageSource } from "../../transport/transport.js";
import { configAbsent, partsAbsent, platformMissing, unlessAbsent } from "./absent.js";
import { attestedBy } from "./attestation.js";
import { onSide } from "./error-side.js";
import type {
  ChildPlan,
  IndexPlan,
  LayerPlan,
  ManifestPlan,
  OpaquePlan,
  Plan,
  PlannedChild,
  UnreadPlan,
} from "./plan-parts.js";
import { readBlob } from "./read-blob.js";

export type { ChildPlan, IndexPlan, LayerPlan, ManifestPlan, Plan, UnreadPlan };

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
  planner.requirePlatforms();
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
  readonly #absent: UnreadPlan[] = [];

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
  requirePlatforms(): void {
    const { platforms, absent = "refuse" } = this.#options;
    const lack = { absent: this.#absent, offered: this.#offered, name: this.#source.name };
    const missing = (platforms ?? []).filter((wanted) => !this.#matched.has(wanted));
    if (missing.length > 0) throw platformMissing(missing, lack);
    if (platforms === undefined && absent === "refuse" && this.#absent.length > 0) throw partsAbsent(lack);
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
      return unread(descriptor, place.platform, "unwanted");
    }
    if (size > manifestLimit) {
      throw new OciEncError("CORRUPT", `the manifest ${digest} has more than ${manifestLimit} bytes`);
    }
    const read = () => onSide("source", () => this.#source.manifest(descriptor));
    const bytes = isChild ? await unlessAbsent(read) : await read();
    if (bytes === undefined) return this.#lacking(descriptor, place.platform);
    const view = parseManifest(bytes, mediaType);
    const typed = { ...descriptor, mediaType: view.mediaType };
    if (view.kind === "manifest") return await this.#manifest({ descriptor: typed, bytes, view }, place);
    return await this.#index({ descriptor: typed, bytes, view }, place);
  }

  /** What is not a manifest may be a blob. A registry keeps the two apart, and what is unknown here can be either. */
  async #opaque(descriptor: Descriptor): Promise<OpaquePlan> {
    const isBlob = layerKind(descriptor.mediaType) !== undefined || descriptor.size > manifestLimit;
    if (isBlob) return { kind: "opaque", descriptor, bytes: undefined };
    const bytes = await unlessAbsent(() => onSide("source", () => this.#source.manifest(descriptor)));
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
    if (subject && !subject.kept) return { plan: unread(child, undefined, "unwanted"), kept: false };
    const bytes = await unlessAbsent(() => onSide("source", () => this.#source.manifest(child)));
    if (bytes === undefined) return { plan: this.#lacking(child, undefined), kept: !this.#drops };
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
    const config = read ? await this.#config(view.config, place) : undefined;
    if (config === "absent") return this.#lacking(descriptor, undefined);
    const platform = place.platform ?? (config && platformOf(config));
    if (platform) this.#offered.push(platform);
    const asked = this.#wants(platform);
    if (asked) for (const wanted of this.#fitting(platform)) this.#matched.add(wanted);
    const planned = { kind: "manifest", ...manifest, platform, asked, config } as const;
    if (!asked || !transform) return { ...planned, layers: keptLayers(view, keptWhy(asked)) };
    return { ...planned, layers: await askAll(transform, planned) };
  }

  /** NOT_FOUND without it; `absent` where it would tell for which of several platforms the image is. */
  async #config(config: Descriptor, { platform, depth }: Place): Promise<Uint8Array | "absent"> {
    const stored = () => onSide("source", () => readBlob(this.#source, config, manifestLimit));
    const bytes = await unlessAbsent(stored);
    if (bytes === undefined && (platform !== undefined || depth === 0)) {
      throw configAbsent(config, platform, this.#source.name);
    }
    return bytes ?? "absent";
  }

  #lacking(descriptor: Descriptor, platform: Platform | undefined): UnreadPlan {
    const plan = unread(descriptor, platform, "absent");
    this.#absent.push(plan);
    return plan;
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
  return { kind: "manifest", descriptor: child, bytes, view, ...nowhere, layers: keptLayers(view, "attestation") };
}

function unread(descriptor: Descriptor, platform: Platform | undefined, why: UnreadPlan["why"]): UnreadPlan {
  return { kind: "unread", descriptor, platform, why };
}

function isChanged(plan: ChildPlan): boolean {
  return manifestsOf(plan).some(({ layers }) => layers.some(({ change }) => change.kind !== "keep"));
}

function keptWhy(asked: boolean): KeptWhy | undefined {
  return asked ? undefined : "other platform";
}

function keptLayers(view: ImageManifest, why: KeptWhy | undefined): readonly LayerPlan[] {
  return view.layers.map((layer, index) => ({ layer, index, change: { kind: "keep", why } }));
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
