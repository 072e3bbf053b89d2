import { openSource } from "./transport/index.js";
import type { EndpointOptions } from "./transport/transport.js";
import type { VerifyReport } from "./verify/check.js";
import { type VerifyOptions, verify } from "./verify/verify.js";

/** What to ask, and what the transports need. */
export interface VerifyImageOptions extends Omit<VerifyOptions, "plainImage"> {
  /** A reference to the plain image, for `noPlaintextTwins`. */
  readonly plainImage?: string | undefined;
  readonly source?: EndpointOptions | undefined;
}

/** Opens an image, verifies it, closes it. Throws what {@link verify} throws; USAGE for a reference that makes no sense. */
export async function verifyImage(reference: string, options: VerifyImageOptions = {}): Promise<VerifyReport> {
  const { plainImage, source: endpoint, signal, progress } = options;
  const ends: EndpointOptions = { signal, progress, ...endpoint };
  await using source = await openSource(reference, ends);
  if (plainImage === undefined) return await verify(source, { ...options, plainImage: undefined });
  await using plain = await openSource(plainImage, ends);
  return await verify(source, { ...options, plainImage: plain });
}
