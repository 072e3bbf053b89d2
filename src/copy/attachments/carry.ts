import type { Digest } from "../../oci/digest.js";
import type { Progress } from "../../progress.js";
import { type AttachmentTarget, attachable, attachmentsOf } from "../../transport/attachments.js";
import type { ImageSource, ImageTarget } from "../../transport/transport.js";
import { onSide } from "../plan/error-side.js";
import { type ChildPlan, manifestsOf, type Plan } from "../plan/plan.js";
import type { Written } from "../write/write-manifests.js";
import { type FindOptions, findAttachments } from "./find.js";
import { keptDigests, lostDigests } from "./kept-digests.js";
import { type Attachment, attachedManifest, isSignature, printCount } from "./transfer.js";

/** What of that which belongs to an image goes with it. `signing-and-policy.md` 5.2 and 5.3. */
export interface AttachmentOptions {
  /**
   * Take along what belongs to manifests that keep their digest, or fail; false: leave all of it. Default: take along what
   * the source tells of, with a warning when it does not tell.
   */
  readonly referrers?: boolean | undefined;
  /** Of what belongs to the image, take signatures alone. */
  readonly signaturesOnly?: boolean | undefined;
  /** Leave the signatures. */
  readonly removeSignatures?: boolean | undefined;
  /** Keep beside a changed image what belongs to it as it was, under the digests that it had. */
  readonly keepPlainSignatures?: boolean | undefined;
}

/** What the search works with. */
export interface CarryOptions extends AttachmentOptions {
  readonly source: ImageSource;
  readonly target: ImageTarget;
  readonly untold: FindOptions["untold"];
  readonly jobs: number;
  readonly signal?: AbortSignal | undefined;
  readonly progress: Progress;
}

/**
 * Looks for what is to go along with a plan, before anything moves, and says how many signatures a plan invalidates. At one
 * place there is nothing to carry.
 */
export async function planAttachments(plan: Plan, options: CarryOptions): Promise<readonly Attachment[]> {
  const source = attachmentsOf(options.source);
  if (!source || options.referrers === false) return [];
  const [kept, lost] = [keptDigests(plan), lostDigests(plan)];
  await warnInvalidated(lost, options);
  if (source.place === options.target.place) return [];
  const subjects = options.keepPlainSignatures ? [...lost, ...kept] : kept;
  return await find(subjects, options);
}

/**
 * Looks for what the source has beside the image for a digest that it has only now: opened, an image can be the very one
 * that was signed before it was encrypted.
 */
export async function regainedAttachments(
  plan: Plan,
  written: Written,
  options: CarryOptions,
): Promise<readonly Attachment[]> {
  const opened = manifestsOf(plan).some(({ layers }) =>
    layers.some(({ change }) => change.kind === "rewrite" && change.action === "decrypt"),
  );
  const source = attachmentsOf(options.source);
  if (!opened || !source || options.referrers === false || source.place === options.target.place) return [];
  const before = new Set([plan, ...manifestsOf(plan)].map(({ descriptor }) => descriptor.digest));
  const now = [written.descriptor, ...written.instances].map(({ digest }) => digest);
  return await find(
    [...new Set(now)].filter((digest) => !before.has(digest)),
    options,
  );
}

/** Those that the target has a place for, with a warning about the others. */
export function dropUnsupported(attachments: readonly Attachment[], options: CarryOptions): readonly Attachment[] {
  const target = attachable(options.target);
  const unsupported = attachments.filter((one) => !target || !takes(target, one));
  if (unsupported.length === 0) return attachments;
  const message = `${options.target.name} has no place for ${printCount(unsupported)} of the image; left out`;
  options.progress({ type: "warning", code: "ATTACHMENT_DROPPED", message });
  return attachments.filter((one) => !unsupported.includes(one));
}

/** Hands attachments whose blobs have arrived to the target; they become visible at its commit. */
export async function putAttachments(attachments: readonly Attachment[], options: CarryOptions): Promise<void> {
  const target = attachable(options.target);
  if (!target) return;
  for (const attachment of attachments) await putOne(attachment, target, options);
}

async function find(subjects: readonly Digest[], options: CarryOptions): Promise<readonly Attachment[]> {
  const source = attachmentsOf(options.source);
  if (!source || subjects.length === 0) return [];
  const { jobs, signal, progress, signaturesOnly, removeSignatures } = options;
  const required = options.referrers === true;
  const how = { nested: true, required, untold: options.untold, jobs, signal, progress };
  const all = await findAttachments(source, subjects, how);
  return all.filter((one) => (isSignature(one) ? !removeSignatures : !signaturesOnly));
}

function takes(target: AttachmentTarget, { kind }: Attachment): boolean {
  return kind === "message" || (target.takes?.(kind) ?? true);
}

async function putOne(
  attachment: Attachment,
  target: ImageTarget & AttachmentTarget,
  options: CarryOptions,
): Promise<void> {
  const { subject } = attachment;
  if (attachment.kind === "message") {
    return await onSide("target", () => target.addSimpleSignature(subject, attachment.message));
  }
  if (attachment.kind === "referrer") {
    const { plan, listed } = attachment;
    if (plan.kind === "index") for (const child of plan.children) await putChild(child.plan, options);
    await onSide("target", () => target.putReferrer(subject, listed, plan.bytes));
    return options.progress({ type: "manifest", manifest: plan.descriptor });
  }
  const attached = await attachedManifest(options.source, attachment);
  await onSide("target", () => target.putDigestTag(subject, attachment.kind, attached));
  options.progress({ type: "manifest", manifest: attached.descriptor });
}

async function putChild(plan: ChildPlan, options: CarryOptions): Promise<void> {
  if (plan.kind === "index") for (const child of plan.children) await putChild(child.plan, options);
  if (plan.kind === "unread" || plan.bytes === undefined) return;
  const { bytes } = plan;
  await onSide("target", () => options.target.putManifest(plan.descriptor, bytes));
  options.progress({ type: "manifest", manifest: plan.descriptor });
}

/** What was signed is the image as it was: with another digest nobody has signed it. */
async function warnInvalidated(lost: readonly Digest[], options: CarryOptions): Promise<void> {
  const source = attachmentsOf(options.source);
  const { jobs, signal, progress } = options;
  if (!source || lost.length === 0 || options.keepPlainSignatures || options.removeSignatures) return;
  const how = { nested: false, required: false, untold: options.untold, jobs, signal, progress };
  const invalidated = await findAttachments(source, lost, how);
  if (invalidated.length === 0) return;
  const message = `${printCount(invalidated)} of ${lost[0]} left behind: the image gets another digest, which nobody has signed yet`;
  progress({ type: "warning", code: "SIGNATURES_STRANDED", message });
}
