import { type DiffOptions, diffImages, type ImageDiff } from "../inspect/diff.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions } from "../transport/transport.js";

/** What to compare, and what the transports need. */
export interface CompareImagesOptions extends DiffOptions {
  /** For the first image. */
  readonly source?: EndpointOptions | undefined;
  /** For the second. */
  readonly other?: EndpointOptions | undefined;
}

/** Opens two images, compares them, closes them. Throws what {@link diffImages} throws; USAGE for a reference that makes no sense. */
export async function compareImages(a: string, b: string, options: CompareImagesOptions = {}): Promise<ImageDiff> {
  const ends: EndpointOptions = { signal: options.signal, progress: options.progress };
  await using one = await openSource(a, { ...ends, ...options.source });
  await using other = await openSource(b, { ...ends, ...(options.other ?? options.source) });
  return await diffImages(one, other, options);
}
