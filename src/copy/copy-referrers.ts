import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { canListReferrers, type ImageSource, type ReferrersSource } from "../transport/transport.js";
import { makePlan, type Plan } from "./plan.js";
import { at } from "./side.js";
import { type TransferOptions, transfer } from "./transfer.js";

/** Referrers of one image, with those of the referrers themselves; more are a registry's mischief. */
const referrerLimit = 1_000;

/**
 * Takes along what refers to the manifests of an image that keep their digest: signatures, attestations, lists of
 * contents, and what refers to those in turn. The referring manifests are put before the image's own name moves.
 * Distribution-spec 1.1, "listing referrers". A source that knows of no referrers has none.
 */
export async function copyReferrers(plan: Plan, options: TransferOptions): Promise<void> {
  const { source } = options;
  if (!canListReferrers(source)) return;
  const seen = new Set<Digest>();
  const subjects = keptDigests(plan);
  for (let subject = subjects.pop(); subject; subject = subjects.pop()) {
    for (const referrer of await found(source, subject)) {
      if (seen.has(referrer.digest) || seen.size >= referrerLimit) continue;
      seen.add(referrer.digest);
      subjects.push(...(await copyOne(referrer, options)));
    }
  }
}

async function found(source: ImageSource & ReferrersSource, subject: Digest): Promise<readonly Descriptor[]> {
  return await at("source", () => source.referrers(subject));
}

/** Moves one referring manifest with its blobs, and names its own manifests as further subjects. */
async function copyOne(referrer: Descriptor, options: TransferOptions): Promise<readonly Digest[]> {
  const plan = await makePlan(options.source, referrer, {});
  await transfer(plan, options);
  await putAll(plan, options);
  return keptDigests(plan);
}

async function putAll(plan: Plan, options: TransferOptions): Promise<void> {
  if (plan.kind === "index") for (const child of plan.children) await putAll(child.plan, options);
  await at("target", () => options.target.putManifest(plan.descriptor, plan.bytes));
  options.progress({ type: "manifest", manifest: plan.descriptor });
}

/** The digests that the image has at the target too. */
function keptDigests(plan: Plan): Digest[] {
  const { digest } = plan.descriptor;
  switch (plan.kind) {
    case "opaque":
      return [digest];
    case "manifest":
      return plan.layers.every(({ change }) => change.kind === "keep") ? [digest] : [];
    case "index": {
      const below = plan.children.filter(({ kept }) => kept).map((child) => keptDigests(child.plan));
      const whole = plan.children.every(
        ({ kept, plan: child }, index) => kept && below[index]?.includes(child.descriptor.digest),
      );
      return whole ? [digest, ...below.flat()] : below.flat();
    }
  }
}
