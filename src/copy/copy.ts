import type { Descriptor } from "../oci/descriptor.js";
import type { Progress } from "../progress.js";
import type { Committed, ImageSource, ImageTarget } from "../transport/transport.js";
import { makePlan, manifestsOf, type Plan, type PlanOptions } from "./plan.js";
import { type CopyReport, plannedReport, transferredReport } from "./report.js";
import { requireRoom, requireSizes } from "./require-room.js";
import { at } from "./side.js";
import { transfer } from "./transfer.js";
import { writeManifests } from "./write-manifests.js";

/** How to copy. */
export interface CopyOptions extends PlanOptions {
  /** Blobs in flight at once; default 4. */
  readonly jobs?: number | undefined;
  /** How often a blob is tried anew after a failure that may pass; default 0. */
  readonly retries?: number | undefined;
  /** Make the plan and report it; write nothing. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/**
 * Copies one image: resolve, plan, transfer, rewrite, commit. The target's reference moves at the very end, or not at all;
 * a plan that changes nothing in place writes nothing. Throws what the two ends and the transform throw, with the side at
 * which it happened; UNSUPPORTED when the target cannot hold what the plan would make.
 */
export async function copy(source: ImageSource, target: ImageTarget, options: CopyOptions = {}): Promise<CopyReport> {
  const { jobs = 4, retries = 0, signal, progress = () => {} } = options;
  const root = await at("source", () => source.resolve());
  const plan = await makePlan(source, root, options);
  requireRoom(target, plan);
  requireSizes(plan);
  const inPlace = isSameImage(source, target);
  const planned = plannedReport(plan, { reference: target.name, root });
  if (options.dryRun || (inPlace && !planned.changed)) return planned;

  const renaming = await transfer(plan, { source, target, jobs, retries, signal, progress });
  const written = await writeManifests(plan, { renaming, source, target, progress });
  const committed = await at("target", () =>
    target.commit(written.descriptor, written.bytes, {
      expect: inPlace ? root.digest : undefined,
      obsolete: inPlace ? sealedAway(plan) : [],
    }),
  );
  progress({ type: "manifest", manifest: written.descriptor });
  tellOfPlainBlobs(committed, progress);
  return transferredReport(plan, { reference: target.name, root, written: written.descriptor, renaming });
}

/** Whether both ends are one image, which is then edited in place. */
export function isSameImage(source: ImageSource, target: ImageTarget): boolean {
  return source.place === target.place && source.name === target.name;
}

/** The plain blobs that sealing has replaced. */
function sealedAway(plan: Plan): readonly Descriptor[] {
  const layers = manifestsOf(plan).flatMap((manifest) => manifest.layers);
  return layers
    .filter(({ change }) => change.kind === "reuse" || (change.kind === "rewrite" && change.action === "encrypt"))
    .map(({ layer }) => layer);
}

function tellOfPlainBlobs({ removed, kept }: Committed, progress: Progress): void {
  if (removed.length > 0) {
    const message = `removed ${removed.length} plain blobs that nothing names any more`;
    progress({ type: "warning", code: "PLAIN_BLOBS_REMOVED", message });
  }
  for (const why of new Set(kept.map((entry) => entry.why))) {
    const count = kept.filter((entry) => entry.why === why).length;
    progress({ type: "warning", code: "PLAIN_BLOBS_KEPT", message: `${count} plain blobs stay: ${why}` });
  }
}
