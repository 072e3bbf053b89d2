import { type ImageReport, type InspectOptions, inspect } from "../inspect/inspect.js";
import { choosing, type LayerSelection } from "../transform/select.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions } from "../transport/transport.js";

/** What to look at, and what the transport needs. */
export interface InspectImageOptions extends InspectOptions {
  /** Which layers to tell of; default all. */
  readonly select?: LayerSelection | undefined;
  readonly source?: EndpointOptions | undefined;
}

/**
 * Opens an image, inspects it, closes it. Throws what {@link inspect} throws; USAGE for a reference that makes no sense, and
 * for a selector that matches no layer.
 */
export async function inspectImage(reference: string, options: InspectImageOptions = {}): Promise<ImageReport> {
  await using source = await openSource(reference, {
    signal: options.signal,
    progress: options.progress,
    ...options.source,
  });
  const report = await inspect(source, options);
  return options.select === undefined ? report : withChosenLayers(report, options.select);
}

function withChosenLayers(report: ImageReport, select: LayerSelection): ImageReport {
  const chosen = choosing(select);
  const manifests = report.manifests.map((manifest) => {
    const count = manifest.layers.length;
    const layers = manifest.layers.filter(({ layer, index }) => chosen.choose(layer, { index, count }) !== "no");
    return { ...manifest, layers };
  });
  chosen.requireMatches();
  return { ...report, manifests };
}
