import "../process/node-floor.js";

export { type CopyOptions, copy } from "../copy/copy.js";
export { type Digest, digestOf, parseDigest } from "../oci/digest.js";
export { policyGate } from "../policy/gate.js";
export type * from "../transport/attachments.js";
export { openSource, openTarget } from "../transport/index.js";
export type { Removal } from "../transport/layout/removal/removal.js";
export { parseReference, type Reference } from "../transport/references.js";
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
} from "../transport/registry/api.js";
export type * from "../transport/registry-options.js";
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
} from "../transport/store/api.js";
export type * from "../transport/transport.js";
