import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { Platform } from "../oci/platform.js";
import type { KeptWhy, ReuseGround } from "../transform/layer-transform.js";
import { type ChildPlan, manifestsOf, type Plan } from "./plan/plan.js";
import type { Renaming } from "./write/transfer.js";

/** What a copy did, or would do. */
export interface CopyReport {
  /** The target's name. */
  readonly reference: string;
  /** What the reference named before, where source and target are one image. Undefined: they are two. */
  readonly replaced?: Digest;
  /** Of the root that the source names. Undefined where nothing was copied. */
  readonly sourceDigest?: Digest;
  /** Of the root at the target. Undefined after a dry run that would change it. */
  readonly digest: string | undefined;
  readonly mediaType: string;
  /** Bytes of the root. Undefined where the digest is. */
  readonly size: number | undefined;
  /** Whether the root at the target differs from the one that the source names. */
  readonly changed: boolean;
  /** The target named an image already, which was left alone and is the one reported. Undefined: it was written. */
  readonly skipped?: true;
  readonly layers: readonly LayerReport[];
}

/** What became of one layer. */
export interface LayerReport {
  readonly platform: Platform | undefined;
  readonly index: number;
  readonly action: "keep" | "relabel" | "reuse" | "encrypt" | "decrypt" | "rekey";
  /** Of a previous blob that is reused: why it is known to hold the same. */
  readonly known?: ReuseGround;
  /** Of a layer that encrypting left as it is. */
  readonly kept?: KeptWhy;
  readonly before: Descriptor;
  /** Undefined after a dry run that would change it. */
  readonly after: Descriptor | undefined;
}

interface Subject {
  readonly reference: string;
  /** What the source's reference names. */
  readonly root: Descriptor;
  /** Whether that is the target's, too. */
  readonly inPlace: boolean;
}

/** The report before anything has moved. */
export function plannedReport(plan: Plan, { reference, root, inPlace }: Subject): CopyReport {
  const layers = layersOf(plan, ({ layer, change }) => {
    if (change.kind === "rewrite") return undefined;
    return change.kind === "keep" ? layer : change.relabel(layer);
  });
  const { digest, mediaType, size } = plan.descriptor;
  const edited = dropsChildren(plan) || layers.some(({ action }) => action !== "keep");
  const changed = edited || digest !== root.digest;
  const known = edited ? { digest: undefined, size: undefined } : { digest, size };
  return { reference, sourceDigest: root.digest, ...replacedBy(inPlace, root), mediaType, changed, layers, ...known };
}

/** The report once the target's reference has moved. */
export function transferredReport(
  plan: Plan,
  {
    reference,
    root,
    inPlace,
    written,
    renaming,
  }: Subject & { readonly written: Descriptor; readonly renaming: Renaming },
): CopyReport {
  const { digest, mediaType, size } = written;
  const changed = digest !== root.digest;
  return {
    reference,
    sourceDigest: root.digest,
    ...replacedBy(inPlace, root),
    digest,
    mediaType,
    size,
    changed,
    layers: layersOf(plan, renaming),
  };
}

function replacedBy(inPlace: boolean, { digest }: Descriptor): Pick<CopyReport, "replaced"> {
  return inPlace ? { replaced: digest } : {};
}

function layersOf(
  plan: Plan,
  after: (layer: Parameters<Renaming>[0]) => Descriptor | undefined,
): readonly LayerReport[] {
  return manifestsOf(plan).flatMap(({ platform, layers }) =>
    layers.map((entry) => ({
      platform,
      index: entry.index,
      action: entry.change.kind === "rewrite" ? entry.change.action : entry.change.kind,
      ...(entry.change.kind === "reuse" && { known: entry.change.known }),
      ...(entry.change.kind === "keep" && entry.change.why && { kept: entry.change.why }),
      before: entry.layer,
      after: after(entry),
    })),
  );
}

function dropsChildren(plan: ChildPlan): boolean {
  return plan.kind === "index" && plan.children.some((child) => !child.kept || dropsChildren(child.plan));
}
