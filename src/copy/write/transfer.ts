import { setTimeout as delay } from "node:timers/promises";
import { abortable } from "../../bytes/abortable.js";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { digesting } from "../../bytes/digesting.js";
import { progressMeter } from "../../bytes/progress-meter.js";
import { verifying } from "../../bytes/verifying.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { printPlatform } from "../../oci/platform.js";
import type { PlannedBlob, Progress } from "../../progress.js";
import type { BlobOrigin, Relabel, Rewrite } from "../../transform/layer-transform.js";
import { backoff } from "../../transport/backoff.js";
import { canResume, type ImageSource, type ImageTarget, type PartialBlob } from "../../transport/transport.js";
import { attestedBy } from "../plan/attestation.js";
import { onSide, streamOnSide } from "../plan/error-side.js";
import { type ChildPlan, type LayerPlan, manifestsOf, type Plan } from "../plan/plan.js";
import { pool } from "./pool.js";

/** Both ends, and how to work. */
export interface TransferOptions {
  readonly source: ImageSource;
  readonly target: ImageTarget;
  /** Blobs in flight at once. */
  readonly jobs: number;
  /** How often a blob is tried anew after a failure that may pass. */
  readonly retries: number;
  readonly signal?: AbortSignal | undefined;
  readonly progress: Progress;
}

/** How each layer of the plan is named once its bytes are where they should be. */
export type Renaming = (layer: LayerPlan) => Descriptor;

/** What is to move together: the layers of a manifest, and its other blobs, which stay as they are. */
export interface Part {
  readonly layers: readonly LayerPlan[];
  readonly blobs: readonly Descriptor[];
  /** What it is a part of, where that is an image: its blobs are the config then. */
  readonly image?: { readonly platform: string | undefined } | undefined;
}

/** Everything that a plan moves. */
export function partsOf(plan: Plan): readonly Part[] {
  const manifests = manifestsOf(plan).map(({ view, layers, platform, descriptor }) => ({
    layers,
    blobs: [view.config],
    image: attestedBy(descriptor) === undefined ? { platform: platform && printPlatform(platform) } : undefined,
  }));
  const listed = blobsListedIn(plan);
  return listed.length === 0 ? manifests : [...manifests, { layers: [], blobs: listed }];
}

/** What indexes list that is a blob and no manifest. */
function blobsListedIn(plan: ChildPlan): readonly Descriptor[] {
  if (plan.kind === "opaque") return plan.bytes ? [] : [plan.descriptor];
  return plan.kind === "index"
    ? plan.children.flatMap(({ plan: child, kept }) => (kept ? blobsListedIn(child) : []))
    : [];
}

/** Moves every blob that is needed at the target, each once. */
export async function transfer(parts: readonly Part[], options: TransferOptions): Promise<Renaming> {
  const { kept, rewrites } = collect(parts, options);
  const planned = [...rewrites.values(), ...kept.values()].map((one) => one.planned);
  const bytes = planned.reduce((sum, { blob }) => sum + blob.size, 0);
  options.progress({ type: "planned", blobs: planned.length, bytes, parts: planned });

  const relabels = new Map<string, Relabel>();
  await pool(
    [
      ...[...rewrites].map(([key, { layer, change }]) => async (signal: AbortSignal) => {
        relabels.set(key, await retrying(options, signal, () => rewriteBlob(layer, change, { ...options, signal })));
      }),
      ...[...kept.values()].map(
        (one) => (signal: AbortSignal) => retrying(options, signal, () => keepBlob(one, { ...options, signal })),
      ),
    ],
    options.jobs,
    options.signal,
  );
  return ({ layer, change }) => {
    if (change.kind === "keep") return layer;
    const relabel = change.kind === "rewrite" ? relabels.get(mergeKey(layer, change)) : change.relabel;
    if (!relabel) throw new Error("a layer of the plan was not transferred");
    return relabel(layer);
  };
}

interface KeptBlob {
  readonly blob: Descriptor;
  readonly origin: BlobOrigin;
  readonly planned: PlannedBlob;
}

interface RewrittenBlob {
  readonly layer: Descriptor;
  readonly change: Rewrite;
  readonly planned: PlannedBlob;
}

/** What has to move, each blob once, by its digest or merge key; it is named as where it is met first. */
function collect(parts: readonly Part[], { source, target }: TransferOptions) {
  const kept = new Map<string, KeptBlob>();
  const rewrites = new Map<string, RewrittenBlob>();
  const keep = (blob: Descriptor, origin: BlobOrigin, named: NamedPart) => {
    if (origin.place === target.place || kept.has(blob.digest)) return;
    kept.set(blob.digest, { blob, origin, planned: { blob, action: "copy", ...named } });
  };
  const rewrite = (layer: Descriptor, change: Rewrite, named: NamedPart) => {
    const key = mergeKey(layer, change);
    if (rewrites.has(key)) return;
    rewrites.set(key, { layer, change, planned: { blob: layer, action: change.action, ...named } });
  };
  for (const part of parts) {
    for (const blob of part.blobs) keep(blob, source, namedBlob(part));
    for (const { layer, index, change } of part.layers) {
      const named = namedLayer(part, index);
      if (change.kind === "rewrite") rewrite(layer, change, named);
      else if (change.kind === "reuse") keep(change.blob, change.origin, named);
      else keep(layer, source, named);
    }
  }
  return { kept, rewrites };
}

/** What a blob is in the image. */
type NamedPart = Omit<PlannedBlob, "blob" | "action">;

function namedBlob({ image }: Part): NamedPart {
  return image ? { part: "config", ...image } : { part: "other" };
}

function namedLayer({ image }: Part, index: number): NamedPart {
  return image ? { part: "layer", index, ...image } : { part: "other" };
}

interface Running extends TransferOptions {
  readonly signal: AbortSignal;
}

function mergeKey(layer: Descriptor, change: Rewrite): string {
  return `${layer.digest} ${change.merge}`;
}

async function keepBlob({ blob, origin }: KeptBlob, { target, signal, progress }: Running): Promise<void> {
  if (await onSide("target", () => target.has(blob))) return progress({ type: "skipped", blob, why: "present" });
  if (await onSide("target", async () => target.mount?.(blob, origin))) {
    return progress({ type: "skipped", blob, why: "mounted" });
  }
  const begun = canResume(target) ? await onSide("target", () => target.begun(blob)) : undefined;
  const move = async (partial: PartialBlob | undefined): Promise<void> => {
    progress({ type: "started", blob, action: "copy" });
    const bytes = metered(incoming(blob, { source: origin, signal, begun: partial }), blob, progress);
    const upload = { bytes, size: blob.size, digest: blob.digest, begun: partial?.size, sum: () => blob };
    await onSide("target", () => target.put(upload));
  };
  await move(begun).catch(async (error: unknown) => {
    // It may be the beginning that was wrong, and that is not the image's fault.
    if (!begun || !(error instanceof OciEncError && error.code === "CORRUPT")) throw error;
    progress({ type: "debug", area: "copy", message: `started ${blob.digest} anew: ${error.message}` });
    await move(undefined);
  });
  progress({ type: "finished", blob, as: blob });
}

async function rewriteBlob(blob: Descriptor, change: Rewrite, running: Running): Promise<Relabel> {
  const { target, progress } = running;
  progress({ type: "started", blob, action: "rewrite" });
  const run = change.start(metered(incoming(blob, running), blob, progress), () => incoming(blob, running));
  const { bytes, sum } = digesting(run.bytes, change.size, change.algorithm);
  const decrypted = change.action === "decrypt";
  await onSide("target", () => target.put({ bytes, size: change.size, digest: undefined, decrypted, sum }));
  const relabel = await run.describe(sum());
  progress({ type: "finished", blob, as: relabel(blob) });
  return relabel;
}

interface Incoming {
  readonly source: BlobOrigin;
  readonly signal: AbortSignal;
  /** What the target holds of the blob; hashed like the rest, and fetched no more. All of it: the source is not asked. */
  readonly begun?: PartialBlob | undefined;
}

function incoming(blob: Descriptor, { source, signal, begun }: Incoming): ByteStream {
  const bytes = begun ? continuing(begun, blob, source) : source.blob(blob);
  return streamOnSide("source", verifying(abortable(bytes, signal), blob));
}

async function* continuing(begun: PartialBlob, blob: Descriptor, source: BlobOrigin): AsyncGenerator<Uint8Array> {
  yield* begun.bytes;
  if (begun.size < blob.size) yield* source.blob(blob, begun.size);
}

function metered(bytes: ByteStream, blob: Descriptor, progress: Progress): ByteStream {
  let moved = 0;
  return progressMeter(bytes, (count) => {
    moved += count;
    progress({ type: "moved", blob, bytes: moved });
  });
}

/** A retry is a new run: what is encrypted starts from its first byte, so that no key or nonce is used for two uploads. */
async function retrying<T>(options: TransferOptions, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const mayPass = error instanceof OciEncError && error.retryable && attempt <= options.retries;
      if (!mayPass || signal.aborted) throw error;
      options.progress({ type: "debug", area: "copy", message: `attempt ${attempt} failed: ${error.message}` });
      await delay(backoff(attempt - 1, Math.random()), undefined, { signal }).catch(() => {
        // Aborted: the next attempt sees the signal and says so.
      });
    }
  }
}
