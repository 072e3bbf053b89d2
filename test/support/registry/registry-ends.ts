import { verifying } from "../../../src/bytes/verifying.js";
import { copy } from "../../../src/copy/copy.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import type { Progress, ProgressEvent } from "../../../src/progress.js";
import type { EndpointOptions, ImageSource, ImageTarget, Upload } from "../../../src/transport/transport.js";
import { MemoryPlace } from "../images/memory-image.js";
import { type TestEnvironment, testEnvironment, testTransport } from "./registry-endpoint.js";

/** How a test opens an end. */
export interface EndOptions extends EndpointOptions {
  readonly environment?: TestEnvironment;
}

/** An image of a test registry for reading. */
export async function openFrom(host: string, options: EndOptions = {}, name = "app:1"): Promise<ImageSource> {
  return await testTransport(options.environment ?? testEnvironment()).openSource(`${host}/${name}`, options);
}

/** The same for writing. */
export async function openTo(host: string, options: EndOptions = {}, name = "app:1"): Promise<ImageTarget> {
  return await testTransport(options.environment ?? testEnvironment()).openTarget(`${host}/${name}`, options);
}

/** Copies an image into memory. */
export async function pullAll(host: string, options: EndOptions = {}, name = "app:1"): Promise<MemoryPlace> {
  const place = new MemoryPlace("memory:pulled");
  const source = await openFrom(host, options, name);
  try {
    await copy(source, place.target("app"), { retries: 0 });
  } finally {
    await source[Symbol.asyncDispose]();
  }
  return place;
}

/** Copies the image `app` from memory. */
export async function pushAll(
  place: MemoryPlace,
  host: string,
  options: EndOptions = {},
  name = "app:1",
): Promise<void> {
  const target = await openTo(host, options, name);
  try {
    await copy(place.source("app"), target, { retries: 0 });
  } finally {
    await target[Symbol.asyncDispose]();
  }
}

/** A blob whole, checked as the engine checks it. */
export async function readWhole(source: ImageSource, blob: Descriptor): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of verifying(source.blob(blob), blob)) parts.push(chunk);
  return Buffer.concat(parts);
}

/** Bytes as an upload, in chunks; without its digest as when they are being rewritten. */
export function uploadOfBytes(bytes: Uint8Array, blob: Descriptor, chunk = 64 * 1024, known = true): Upload {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }
  return { bytes: chunks(), size: bytes.length, digest: known ? blob.digest : undefined, sum: () => blob };
}

/** Collects what is said. */
export function listening(): { readonly events: ProgressEvent[]; readonly progress: Progress } {
  const events: ProgressEvent[] = [];
  return { events, progress: (event) => void events.push(event) };
}
