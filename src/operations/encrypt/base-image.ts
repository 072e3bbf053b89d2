import { uncompressedDigest } from "../../bytes/uncompressed-digest.js";
import { verifying } from "../../bytes/verifying.js";
import { type ChildPlan, type ManifestPlan, makePlan, manifestsOf } from "../../copy/plan/plan.js";
import { type ErrorCode, OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest } from "../../oci/digest.js";
import { type JsonNode, memberOf } from "../../oci/json-text.js";
import { diffIdsOf } from "../../oci/manifest.js";
import type { TrustRules } from "../../policy/trust-rules.js";
import type { Progress } from "../../progress.js";
import type { LayerSelector } from "../../transform/select.js";
import { openSource } from "../../transport/index.js";
import { registryReference, sameRegistry } from "../../transport/references.js";
import type { EndpointOptions, ImageSource } from "../../transport/transport.js";
import { gatedEndpoint } from "../image-source.js";

/** Where the base image is read, and the image that is built on it. */
export interface BaseOptions {
  /** The image whose layers are compared with the base's; for `auto` its annotations name that. */
  readonly image: string;
  /** For the image's own end. */
  readonly source?: EndpointOptions | undefined;
  /** What the image has to pass first: what it says of its base decides which layers stay plain. */
  readonly rules?: TrustRules | undefined;
  /** For the base's end. A base that the image names itself gets what is for one registry only in the image's own. */
  readonly base?: EndpointOptions | undefined;
  readonly progress?: Progress | undefined;
}

/**
 * The layers that an image shares with a base, by blob digest or diff id, for the `exclude` of a selection: they stay
 * shared and cached when the image is encrypted. `auto`: the base that the image's annotations name (image-spec,
 * `org.opencontainers.image.base.*`). What a base says of itself decides what stays readable: one that is not named by its
 * digest has to serve each of these layers, which is read to its end, else the layer is encrypted, with a warning.
 * NOT_FOUND when the annotations name none; what the transports throw.
 */
export async function selectBase(base: string, asked: BaseOptions): Promise<LayerSelector> {
  const options = { ...asked, source: gatedEndpoint(asked.source ?? {}, asked.rules, undefined) };
  const auto = base === "auto";
  const references = auto ? await basesOf(options) : [base];
  const wanted = (await readManifests(options.image, options.source)).flatMap(layersOf);
  const shared = new Set<string>();
  for (const reference of references) {
    const stranger = auto && !sameRegistry(reference, options.image, options.source?.transports);
    const end = stranger ? forAnyone(options.base) : options.base;
    for (const known of await sharedLayers(reference, wanted, { ...options, base: end })) shared.add(known);
  }
  return {
    text: `the base image ${references.join(", ")}`,
    matches: (layer, { diffId }) => shared.has(layer.digest) || (diffId !== undefined && shared.has(diffId)),
  };
}

/** A layer, and what the config says of its content. */
interface KnownLayer {
  readonly layer: Descriptor;
  readonly diffId: Digest | undefined;
}

function layersOf({ view, config }: ManifestPlan): readonly KnownLayer[] {
  const diffIds = config ? diffIdsOf(config) : [];
  const known = diffIds.length === view.layers.length;
  return view.layers.map((layer, index) => ({ layer, diffId: known ? diffIds[index] : undefined }));
}

/** Those of the wanted blobs and diff ids that the base has. */
async function sharedLayers(
  reference: string,
  wanted: readonly KnownLayer[],
  { base, progress }: BaseOptions,
): Promise<ReadonlySet<Digest>> {
  await using source = await openSource(reference, base);
  const root = await source.resolve();
  const pinned = reference === root.digest || reference.endsWith(`@${root.digest}`);
  const layers = manifestsOf(await makePlan(source, root, { configs: true, absent: "keep" })).flatMap(layersOf);
  const shared = new Set<Digest>();
  for (const { layer, diffId } of wanted) {
    const same = layers.find((one) => one.layer.digest === layer.digest);
    const alike = same ?? layers.find((one) => diffId !== undefined && one.diffId === diffId);
    const known = same ? layer.digest : diffId;
    if (alike === undefined || known === undefined || shared.has(known)) continue;
    const doubt = pinned
      ? undefined
      : await doubtOf(source, alike, { byDiffId: same === undefined, limits: base?.limits });
    if (doubt === undefined) shared.add(known);
    else {
      const message = `${reference} says that it holds ${layer.digest}, and does not, so that is encrypted: ${doubt}`;
      progress?.({ type: "warning", code: "BASE_REFUSED", message });
    }
  }
  return shared;
}

/** What is damaged, missing, or would become too large when it is decompressed. */
const doubts: ReadonlySet<ErrorCode> = new Set(["CORRUPT", "NOT_FOUND", "UNSUPPORTED"]);

/** Reads a layer of the base to its end: why it is not what the base says. Undefined: it is. */
async function doubtOf(
  source: ImageSource,
  { layer, diffId }: KnownLayer,
  { byDiffId, limits }: { readonly byDiffId: boolean; readonly limits: EndpointOptions["limits"] },
): Promise<string | undefined> {
  try {
    const stored = verifying(source.blob(layer), layer);
    if (!byDiffId || diffId === undefined) for await (const _ of stored);
    else {
      const found = await uncompressedDigest(stored, {
        algorithm: algorithmOf(diffId),
        size: layer.size,
        limits,
      });
      if (found !== diffId) return `${layer.digest} unpacks to ${found ?? "nothing"}, not to ${diffId}`;
    }
    return undefined;
  } catch (error) {
    if (error instanceof OciEncError && doubts.has(error.code)) return error.message;
    throw error;
  }
}

async function basesOf({ image, source }: BaseOptions): Promise<readonly string[]> {
  await using opened = await openSource(image, source);
  const plan = await makePlan(opened, await opened.resolve(), { absent: "keep" });
  const named = documentsOf(plan).flatMap((root) => {
    const name = annotation(root, "org.opencontainers.image.base.name");
    const digest = annotation(root, "org.opencontainers.image.base.digest");
    return name === undefined ? [] : [registryReference(`${name}${digest === undefined ? "" : `@${digest}`}`)];
  });
  if (named.length > 0) return [...new Set(named)];
  throw new OciEncError("NOT_FOUND", `${opened.name} does not say what it is built on`, {
    hint: "it has no annotation org.opencontainers.image.base.name; name the base with --base REF",
  });
}

/** Whoever built the image chose that registry: it is not shown credentials that were given by hand, nor believed unseen. */
function forAnyone(options: EndpointOptions | undefined): EndpointOptions {
  return { ...options, registry: { ...options?.registry, credentials: undefined, host: undefined } };
}

async function readManifests(
  reference: string,
  options: EndpointOptions | undefined,
): Promise<readonly ManifestPlan[]> {
  await using opened = await openSource(reference, options);
  return manifestsOf(await makePlan(opened, await opened.resolve(), { configs: true, absent: "keep" }));
}

/** The index and the manifests below it. */
function documentsOf(plan: ChildPlan): readonly JsonNode[] {
  if (plan.kind === "manifest") return [plan.view.root];
  if (plan.kind !== "index") return [];
  return [plan.view.root, ...plan.children.flatMap((child) => documentsOf(child.plan))];
}

function annotation(root: JsonNode, name: string): string | undefined {
  const annotations = memberOf(root, "annotations");
  const value = annotations && memberOf(annotations, name);
  return value?.kind === "string" && value.value !== "" ? value.value : undefined;
}
