import "../process/node-floor.js";

export { type CopyOptions, copy } from "../copy/copy.js";
export { type Digest, digestOf, parseDigest } from "../oci/digest.js";
export { policyGate } from "../policy/gate.js";
export type * from "../transport/attachments.js";
export { knownTransports, openSource, openTarget, parseReference, type Reference } from "../transport/index.js";
export type { Removal } from "../transport/layout/removal/removal.js";
export {
  type Deleted,
  deleteImage,
  type LoggedIn,
  type LoginPlace,
  type LoginResult,
  listTags,
  loggedInAs,
  login,
  logout,
  type RepositoryTags,
} from "../transport/registry/api.js";
export type * from "../transport/registry-options.js";
export { collectGarbage, type Garbage, type GarbageOptions } from "../transport/store/garbage.js";
export { listImages, type StoredImage } from "../transport/store/images.js";
export { type ImagesRemoved, removeImages } from "../transport/store/remove.js";
export type { StoreOptions } from "../transport/store/store-directory.js";
export { type Tagged, tagImage } from "../transport/store/tag.js";
export type * from "../transport/transport.js";
