import type { Descriptor } from "../../oci/descriptor.js";
import type { ImageIndex, ImageManifest } from "../../oci/manifest.js";
import type { Platform } from "../../oci/platform.js";
import type { LayerChange } from "../../transform/layer-transform.js";

/** The image as it is, and what will become of each part. */
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
