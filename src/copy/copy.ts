import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Progress } from "../progress.js";
import { type Committed, canTag, type ImageSource, type ImageTarget, removalFailure } from "../transport/transport.js";
import {
  type AttachmentOptions,
  dropUnsupported,
  planAttachments,
  putAttachments,
  regainedAttachments,
} from "./attachments/carry.js";
import { attachmentParts } from "./attachments/transfer.js";
import { onSide } from "./plan/error-side.js";
import { makePlan, manifestsOf, type Plan, type PlanOptions } from "./plan/plan.js";
import { type CopyReport, plannedReport, transferredReport } from "./report.js";
import { absentAndKept, warnAbsentManifests } from "./warnings/absent-manifests.js";
import { warnStaleDigests } from "./warnings/stale-digests.js";
import { warnUnchangedPlatforms } from "./warnings/unchanged-platforms.js";
import { checkManifestSizes, checkTargetSupports } from "./write/target-support.js";
import { partsOf, transfer } from "./write/transfer.js";
import { writeManifests } from "./write/write-manifests.js";

/** How to copy. */
export interface CopyOptions extends PlanOptions, AttachmentOptions {
  /** Blobs in flight at once; default 4. */
  readonly jobs?: number | undefined;
  /** How often a blob is tried anew after a failure that may pass; default as often as the ends say. */
  readonly retries?: number | undefined;
  /** Refuse (UNSUPPORTED) what would give the image another digest. */
  readonly preserveDigests?: boolean | undefined;
  /** Further names for the image at a target that has tags. */
  readonly additionalTags?: readonly string[] | undefined;
  /** Puts beside the image what is to become visible together with it, as signatures. Asked when its manifests are known. */
  readonly attach?: Attach | undefined;
  /** Make the plan and report it; write nothing. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** Gives `target` attachments for an image whose blobs and manifests are there, and whose reference has not moved yet. */
export type Attach = (image: WrittenImage, target: ImageTarget) => Promise<void>;

/** An image as it will be at the target. */
export interface WrittenImage {
  readonly root: Descriptor;
  /** Of an index: the images and attestations in it, at any depth, with their platforms. */
  readonly instances: readonly Descriptor[];
}

/**
 * Copies one image: resolve, plan, transfer, rewrite, commit. The target's reference moves at the very end, or not at all;
 * a plan that changes nothing in place writes nothing. Throws what the two ends and the transform throw, with the side at
 * which it happened; UNSUPPORTED when the target cannot hold what the plan would make.
 */
export async function copy(source: ImageSource, target: ImageTarget, options: CopyOptions = {}): Promise<CopyReport> {
  const { jobs = 4, signal, progress = () => {} } = options;
  const retries = options.retries ?? Math.max(source.retries ?? 0, target.retries ?? 0);
  const root = await onSide("source", () => source.resolve());
  const absent = options.absent ?? (source.place === target.place && !options.transform ? "keep" : "refuse");
  const plan = await makePlan(source, root, { ...options, absent });
  const sparse = absentAndKept(plan);
  warnAbsentManifests(sparse, source.name, progress);
  const carrying = { ...options, source, target, untold: new Set<string>(), jobs, progress };
  const wanted = await planAttachments(plan, carrying);
  checkTargetSupports(target, plan, wanted.length > 0 && !options.removeSignatures);
  const attachments = dropUnsupported(wanted, carrying);
  checkManifestSizes(plan);
  if (options.transform) warnUnchangedPlatforms(plan, progress);
  warnStaleDigests(plan, progress);
  const tag = tagging(target, options.additionalTags ?? []);
  const inPlace = isSameImage(source, target);
  const planned = plannedReport(plan, { reference: target.name, root, inPlace });
  if (options.preserveDigests && planned.changed) throw changesDigest(root);
  if (options.dryRun) return planned;
  if (inPlace && !planned.changed && !options.attach) {
    await tag(root, plan.bytes);
    return planned;
  }

  const transferring = { source, target, jobs, retries, signal, progress };
  const renaming = await transfer([...partsOf(plan), ...attachmentParts(attachments)], transferring);
  const written = await writeManifests(plan, { renaming, source, target, progress });
  const regained = dropUnsupported(await regainedAttachments(plan, written, carrying), carrying);
  if (regained.length > 0) await transfer(attachmentParts(regained), transferring);
  // Ours come first: readers look at so many signatures and no more, and the source may bring more than that.
  await options.attach?.({ root: written.descriptor, instances: written.instances }, target);
  await putAttachments([...attachments, ...regained], carrying);
  const committed = await onSide("target", () =>
    target.commit(written.descriptor, written.bytes, {
      expect: inPlace ? root.digest : undefined,
      obsolete: inPlace ? replacedLayers(plan) : [],
      absent: sparse.map(({ descriptor }) => descriptor.digest),
    }),
  );
  progress({ type: "manifest", manifest: written.descriptor });
  await tag(written.descriptor, written.bytes);
  warnPlainBlobs(committed, progress);
  await requireRemoved(committed, target);
  return transferredReport(plan, { reference: target.name, root, inPlace, written: written.descriptor, renaming });
}

/** Gives the image its further names; USAGE at once when the target has none to give. */
function tagging(target: ImageTarget, tags: readonly string[]) {
  if (tags.length > 0 && !canTag(target)) {
    throw new OciEncError("USAGE", `${target.name} cannot have additional tags`, {
      hint: 'a registry can; the local store has "oci-enc tag"',
    });
  }
  return async (root: Descriptor, bytes: Uint8Array): Promise<void> => {
    if (!canTag(target)) return;
    for (const tag of tags) await onSide("target", () => target.tag(tag, root, bytes));
  };
}

function changesDigest(root: Descriptor): OciEncError {
  return new OciEncError("UNSUPPORTED", `the image would not keep its digest ${root.digest}`, {
    hint: "leave out --preserve-digests, or what changes the image",
  });
}

/** Whether both ends are one image, which is then edited in place. */
function isSameImage(source: ImageSource, target: ImageTarget): boolean {
  return source.place === target.place && source.name === target.name;
}

/** The plain blobs that encrypting has replaced. */
function replacedLayers(plan: Plan): readonly Descriptor[] {
  const layers = manifestsOf(plan).flatMap((manifest) => manifest.layers);
  return layers
    .filter(({ change }) => change.kind === "reuse" || (change.kind === "rewrite" && change.action === "encrypt"))
    .map(({ layer }) => layer);
}

/** LOCAL_IO when plain blobs of the image could not be removed: the image is written, and its content is still there in the clear. */
async function requireRemoved({ kept }: Committed, target: ImageTarget): Promise<void> {
  const failure = removalFailure(kept, target.name);
  if (failure) await onSide("target", () => Promise.reject(failure));
}

function warnPlainBlobs({ removed, kept }: Committed, progress: Progress): void {
  if (removed.length > 0) {
    const message = `removed ${removed.length} plain blobs that nothing names any more`;
    progress({ type: "warning", code: "PLAIN_BLOBS_REMOVED", message });
  }
  const waiting = kept.filter((entry) => !entry.failed);
  for (const why of new Set(waiting.map((entry) => entry.why))) {
    const count = waiting.filter((entry) => entry.why === why).length;
    progress({ type: "warning", code: "PLAIN_BLOBS_KEPT", message: `${count} plain blobs stay: ${why}` });
  }
}
