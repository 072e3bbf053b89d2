import { type CanDecryptOptions, type CanDecryptReport, canDecrypt } from "../inspect/can-decrypt.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions } from "../transport/transport.js";

/** Which keys, and what the transport needs. */
export interface CanDecryptImageOptions extends CanDecryptOptions {
  readonly source?: EndpointOptions | undefined;
}

/** Opens an image, asks {@link canDecrypt}, closes it, and throws what that throws; USAGE for a reference that makes no sense. */
export async function canDecryptImage(reference: string, options: CanDecryptImageOptions): Promise<CanDecryptReport> {
  const { signal, progress, source: endpoint } = options;
  await using source = await openSource(reference, { signal, progress, ...endpoint });
  return await canDecrypt(source, options);
}
