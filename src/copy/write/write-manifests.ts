import type { Descriptor } from "../../oci/descriptor.js";
import { digestOf } from "../../oci/digest.js";
import type { Progress } from "../../progress.js";
import type { ImageSource, ImageTarget } from "../../transport/transport.js";
import { repointed } from "../plan/attestation.js";
import { onSide } from "../plan/error-side.js";
import type { IndexPlan, ManifestPlan, Plan } from "../plan/plan.js";
import { type Rewritten, rewriteIndex, rewriteManifest } from "./rewrite.js";
import type { Renaming } from "./transfer.js";

/** A manifest as it will be at the target. */
export interface Written {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** Of an index: the manifests below it, as they are now; those of indexes in it, too. */
  readonly instances: readonly Descriptor[];
}

/** What is known when the blobs are there. */
export interface WriteOptions {
  readonly renaming: Renaming;
  readonly source: ImageSource;
  readonly target: ImageTarget;
  readonly progress: Progress;
}

/** Stores every manifest below the root, children first, and hands back the root for the commit. */
export async function writeManifests(plan: Plan, options: WriteOptions): Promise<Written> {
  switch (plan.kind) {
    case "manifest":
      return { ...renamed(plan, rewriteManifest(plan.view, plan.layers.map(options.renaming))), instances: [] };
    case "index": {
      const { index, instances } = await writeChildren(plan, options);
      return { ...renamed(plan, index), instances };
    }
  }
}

async function writeChildren(plan: IndexPlan, options: WriteOptions): Promise<WrittenChildren> {
  const digests = new Map<string, string>();
  const instances: Descriptor[] = [];
  const written: (Descriptor | undefined)[] = [];
  for (const [index, child] of plan.children.entries()) {
    const before = plan.view.manifests[index];
    if (!child.kept || !before) {
      written.push(undefined);
      continue;
    }
    if (child.plan.kind === "unread") {
      written.push(before);
      continue;
    }
    if (child.plan.kind === "opaque") {
      const { descriptor, bytes } = child.plan;
      // Without bytes it is a blob, and has been moved with the others.
      if (bytes) await store({ descriptor, bytes }, false, options);
      written.push(before);
      instances.push(before);
      continue;
    }
    const after = await writeManifests(child.plan, options);
    await store(after, after.descriptor.digest !== before.digest, options);
    if (after.descriptor.digest === before.digest) written.push(before);
    else {
      const { mediaType, digest, size } = after.descriptor;
      digests.set(before.digest, digest);
      written.push({ ...before, mediaType, digest, size });
    }
    instances.push(written.at(-1) ?? after.descriptor, ...after.instances);
  }
  const renamedChildren = written.map((child) => child && repointed(child, digests));
  return { index: rewriteIndex(plan.view, renamedChildren), instances };
}

/** Undefined: the index stays as it is. */
interface WrittenChildren {
  readonly index: Rewritten | undefined;
  readonly instances: readonly Descriptor[];
}

async function store(
  { descriptor, bytes }: Omit<Written, "instances">,
  changed: boolean,
  options: WriteOptions,
): Promise<void> {
  const { source, target, progress } = options;
  if (!changed && source.place === target.place) return;
  await onSide("target", () => target.putManifest(descriptor, bytes));
  progress({ type: "manifest", manifest: descriptor });
}

function renamed(plan: ManifestPlan | IndexPlan, rewritten: Rewritten | undefined): Omit<Written, "instances"> {
  if (!rewritten) return { descriptor: plan.descriptor, bytes: plan.bytes };
  const { bytes, mediaType } = rewritten;
  return { descriptor: { ...plan.descriptor, mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}
