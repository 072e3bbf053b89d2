import "../process/node-floor.js";

import { gatedSource } from "./gated-source.js";
import { parseReference } from "./references.js";
import type { EndpointOptions, ImageSource, ImageTarget } from "./transport.js";

export { type Digest, digestOf, parseDigest } from "../oci/digest.js";
export { credentialsHint, redactedReference } from "../oci/redacted-reference.js";
export type * from "./attachments.js";
export type { Removal } from "./layout/removal/removal.js";
export {
  isStandardStream,
  listTransports,
  parseReference,
  type Reference,
  registryName,
  registryReference,
  sameRegistry,
} from "./references.js";
export {
  type Deleted,
  deleteImage,
  type LoggedIn,
  type LoginResult,
  type LoginTarget,
  listTags,
  loggedInAs,
  login,
  logout,
  type RepositoryTags,
  searchNames,
} from "./registry/api.js";
export type * from "./registry-options.js";
export { transportRows } from "./rows.js";
export {
  collectGarbage,
  type Garbage,
  type GarbageOptions,
  type ImagesRemoved,
  listImages,
  removeImages,
  type StoredImage,
  type StoreOptions,
  type Tagged,
  tagImage,
} from "./store/api.js";
export type * from "./transport.js";

/** Opens what a reference names for reading. USAGE when it makes no sense; what the transport throws. */
export async function openSource(reference: string, options: EndpointOptions = {}): Promise<ImageSource> {
  const { gate, transports } = options;
  const { row, locator } = parseReference(reference, transports);
  const source = await (await row.load()).openSource(locator, options);
  return gate ? gatedSource(source, { reference, transports }, gate) : source;
}

/** Opens what a reference names for writing. Codes as above. */
export async function openTarget(reference: string, options: EndpointOptions = {}): Promise<ImageTarget> {
  const { row, locator } = parseReference(reference, options.transports);
  return await (await row.load()).openTarget(locator, options);
}
