import { type ImageReport, type InspectOptions, inspect } from "./inspect/inspect.js";
import { openSource } from "./transport/index.js";
import type { EndpointOptions } from "./transport/transport.js";

/** What to look at, and what the transport needs. */
export interface InspectImageOptions extends InspectOptions {
  readonly source?: EndpointOptions | undefined;
}

/** Opens an image, inspects it, closes it. Throws what {@link inspect} throws; USAGE for a reference that makes no sense. */
export async function inspectImage(reference: string, options: InspectImageOptions = {}): Promise<ImageReport> {
  await using source = await openSource(reference, {
    signal: options.signal,
    progress: options.progress,
    ...options.source,
  });
  return await inspect(source, options);
}
