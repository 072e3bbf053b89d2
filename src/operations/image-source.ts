import { openSource } from "../transport/index.js";
import type { EndpointOptions, ImageSource } from "../transport/transport.js";

/** What the transport needs, for an operation that reads one image. */
export interface SourceOptions {
  readonly source?: EndpointOptions | undefined;
}

/** Opens the image of an operation. The operation's own `signal` and `progress` are those of the transport, too. */
export function openImageSource(reference: string, options: SourceOptions & EndpointOptions): Promise<ImageSource> {
  return openSource(reference, { signal: options.signal, progress: options.progress, ...options.source });
}
