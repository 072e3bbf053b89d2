import type { Descriptor } from "../../oci/descriptor.js";
import { type Platform, printPlatform } from "../../oci/platform.js";
import { subjectOf } from "../../oci/referrer.js";
import type { ChildPlan, IndexPlan, LayerPlan, ManifestPlan } from "./plan.js";

/** A manifest or index of a plan. */
export type DocumentPlan = IndexPlan | ManifestPlan;

/** A descriptor as it is in a manifest or index. */
export interface DescriptorPlace {
  readonly kind: "entry" | "config" | "layer" | "subject";
  /** For people: `layer 0 of linux/amd64 (sha256:…)`. */
  readonly where: string;
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
  /** Of layers. */
  readonly layer?: LayerPlan | undefined;
}

/** The manifests and indexes of a plan that the copy will carry, parents first. */
export function documentsOf(plan: ChildPlan): readonly DocumentPlan[] {
  if (plan.kind === "manifest") return [plan];
  if (plan.kind !== "index") return [];
  return [plan, ...plan.children.filter(({ kept }) => kept).flatMap((child) => documentsOf(child.plan))];
}

/** Every descriptor of a document, but for entries that the copy leaves out. */
export function descriptorsOf(document: DocumentPlan): readonly DescriptorPlace[] {
  const subject = subjectOf(document.view);
  const about = subject ? [place("subject", subject)] : [];
  return [...(document.kind === "index" ? entriesOf(document) : partsOf(document)), ...about];
}

/** The descriptor by which an image's place, or an index above, names it. */
export function entryPlace(descriptor: Descriptor): DescriptorPlace {
  return place("entry", descriptor);
}

function entriesOf({ view, children }: IndexPlan): readonly DescriptorPlace[] {
  const kept = view.manifests.filter((_, index) => children[index]?.kept);
  return kept.map((descriptor) => ({ ...place("entry", descriptor), platform: descriptor.platform }));
}

function partsOf({ view, layers, platform }: ManifestPlan): readonly DescriptorPlace[] {
  const named = layers.map((entry): DescriptorPlace => {
    const { layer, index } = entry;
    const where = `layer ${index}${platform ? ` of ${printPlatform(platform)}` : ""} (${layer.digest})`;
    return { kind: "layer", where, descriptor: layer, platform, layer: entry };
  });
  return [{ ...place("config", view.config), platform }, ...named];
}

function place(kind: DescriptorPlace["kind"], descriptor: Descriptor): DescriptorPlace {
  return { kind, where: `the ${kind} ${descriptor.digest}`, descriptor, platform: undefined };
}
