import { type CopyOptions, copy } from "../copy/copy.js";
import type { CopyReport } from "../copy/report.js";
import { OciEncError } from "../errors.js";
import { openSource, openTarget } from "../transport/index.js";
import type { EndpointOptions } from "../transport/transport.js";

/** How to copy, and what each end needs. */
export interface CopyImageOptions extends CopyOptions {
  readonly source?: EndpointOptions | undefined;
  readonly target?: EndpointOptions | undefined;
  /** When `to` names an image already, leave it as it is and report that. */
  readonly skipExisting?: boolean | undefined;
}

/**
 * Opens both ends, copies, closes both: what nearly every caller wants. `to` may be the same reference as `from`; the image
 * is then edited in place. Throws what {@link copy} throws; USAGE for a reference that makes no sense.
 */
export async function copyImage(from: string, to: string, options: CopyImageOptions = {}): Promise<CopyReport> {
  const shared: EndpointOptions = { signal: options.signal, progress: options.progress };
  // What is there instead of the source has to be let in like it.
  const there: EndpointOptions = { ...shared, ...options.target, gate: options.source?.gate };
  const existing = options.skipExisting ? await existingImage(to, there) : undefined;
  if (existing) return existing;
  await using source = await openSource(from, { ...shared, ...options.source });
  const ends = { ...shared, ...options.target, inPlaceOf: source.name, dryRun: options.dryRun };
  await using target = await openTarget(to, ends);
  return await copy(source, target, options);
}

/** Undefined: `reference` names nothing yet. */
async function existingImage(reference: string, options: EndpointOptions): Promise<CopyReport | undefined> {
  try {
    await using there = await openSource(reference, options);
    const { digest, mediaType, size } = await there.resolve();
    return { reference: there.name, digest, mediaType, size, changed: false, skipped: true, layers: [] };
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}
