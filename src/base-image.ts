import { type ManifestPlan, makePlan, manifestsOf, type Plan } from "./copy/plan.js";
import { OciEncError } from "./errors.js";
import { type JsonNode, memberOf } from "./oci/json-text.js";
import { diffIdsOf } from "./oci/manifest.js";
import type { LayerSelector } from "./transform/select.js";
import { openSource, sameRegistry } from "./transport/index.js";
import type { EndpointOptions } from "./transport/transport.js";

/** Where the base image is read, and for `auto` the image that is built on it. */
export interface BaseOptions {
  /** The image whose annotations name its base. */
  readonly image: string;
  /** For the image's own end. */
  readonly source?: EndpointOptions | undefined;
  /** For the base's end. A base that the image names itself gets what is for one registry only in the image's own. */
  readonly base?: EndpointOptions | undefined;
}

/**
 * The layers of a base image, by blob digest or diff id, for the `exclude` of a selection: they stay shared and cached
 * when an image that is built on them is encrypted. `auto`: the base that the image's annotations name (image-spec,
 * `org.opencontainers.image.base.*`). NOT_FOUND when they name none; what the transports throw.
 */
export async function selectBase(base: string, options: BaseOptions): Promise<LayerSelector> {
  const auto = base === "auto";
  const references = auto ? await basesOf(options) : [base];
  const digests = new Set<string>();
  for (const reference of references) {
    const stranger = auto && !sameRegistry(reference, options.image);
    for (const { view, config } of await readManifests(reference, stranger ? forAnyone(options.base) : options.base)) {
      for (const known of [...view.layers.map(({ digest }) => digest), ...(config ? diffIdsOf(config) : [])]) {
        digests.add(known);
      }
    }
  }
  return {
    text: `the base image ${references.join(", ")}`,
    matches: (layer, { diffId }) => digests.has(layer.digest) || (diffId !== undefined && digests.has(diffId)),
  };
}

async function basesOf({ image, source }: BaseOptions): Promise<readonly string[]> {
  await using opened = await openSource(image, source);
  const plan = await makePlan(opened, await opened.resolve(), {});
  const named = documentsOf(plan).flatMap((root) => {
    const name = annotation(root, "org.opencontainers.image.base.name");
    const digest = annotation(root, "org.opencontainers.image.base.digest");
    return name === undefined ? [] : [`docker://${name}${digest === undefined ? "" : `@${digest}`}`];
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
  return manifestsOf(await makePlan(opened, await opened.resolve(), { configs: true }));
}

/** The index and the manifests below it. */
function documentsOf(plan: Plan): readonly JsonNode[] {
  if (plan.kind === "opaque") return [];
  if (plan.kind === "manifest") return [plan.view.root];
  return [plan.view.root, ...plan.children.flatMap((child) => documentsOf(child.plan))];
}

function annotation(root: JsonNode, name: string): string | undefined {
  const annotations = memberOf(root, "annotations");
  const value = annotations && memberOf(annotations, name);
  return value?.kind === "string" && value.value !== "" ? value.value : undefined;
}
