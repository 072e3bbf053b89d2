import { policySubject } from "../../policy/subject.js";
import type { TrustRules } from "../../policy/trust-rules.js";
import { decryptLayers } from "../../transform/decrypt.js";
import { memoizedResolve } from "../../transport/gated-source.js";
import { openSource } from "../../transport/index.js";
import type { EndpointOptions } from "../../transport/transport.js";
import { decryptedSource } from "../decrypted-source.js";
import type { VerifyReport } from "./check.js";
import { type VerifyOptions, verify } from "./verify.js";

/** What to ask, and what the transports need. */
export interface VerifyImageOptions extends Omit<VerifyOptions, "plainImage" | "signed"> {
  /** Whose signatures are trusted. Undefined: nobody asks about signatures. */
  readonly trust?: TrustRules | undefined;
  /** Judge the signatures of the image that the keys open to; needs `keys` and `trust`. Nothing is written. */
  readonly plain?: boolean | undefined;
  /** A reference to the plain image, for `noPlaintextLeftovers`. */
  readonly plainImage?: string | undefined;
  readonly source?: EndpointOptions | undefined;
}

/** Opens an image, verifies it, closes it. Throws what `verify` throws; USAGE for a reference that makes no sense. */
export async function verifyImage(reference: string, options: VerifyImageOptions = {}): Promise<VerifyReport> {
  const { plainImage, source: endpoint, trust, plain: judgePlain, keys, settings, signal, progress } = options;
  const limits = endpoint?.limits;
  const ends: EndpointOptions = { signal, progress, ...endpoint };
  await using opened = await openSource(reference, ends);
  const source = memoizedResolve(opened);
  const image = policySubject({ reference, source, transports: ends.transports }, trust?.identity);
  const view = judgePlain
    ? await decryptedSource(source, await decryptLayers({ keys: keys ?? [], limits, settings, signal, progress }))
    : undefined;
  const signed = trust && { rules: trust, image, source: view };
  if (plainImage === undefined) return await verify(source, { limits, ...options, signed, plainImage: undefined });
  await using plain = await openSource(plainImage, ends);
  return await verify(source, { limits, ...options, signed, plainImage: plain });
}
