export { type CopyOptions, copy } from "./copy/copy.js";
export type { PlanOptions } from "./copy/plan.js";
export type { CopyReport, LayerReport } from "./copy/report.js";
export { type CopyImageOptions, copyImage } from "./copy-image.js";
export type { DecryptionKey, EncryptionKey, RecipientInfo, SchemeSettings } from "./crypt/key-wrapper.js";
export { type ErrorCode, type ErrorDetails, OciEncError } from "./errors.js";
export {
  type ImageReport,
  type InspectedLayer,
  type InspectOptions,
  inspect,
  type ManifestReport,
} from "./inspect/inspect.js";
export { type InspectImageOptions, inspectImage } from "./inspect-image.js";
export type { Descriptor, Sum } from "./oci/descriptor.js";
export type { Digest } from "./oci/digest.js";
export { localPlatform, type Platform, parsePlatform, platformMatches, printPlatform } from "./oci/platform.js";
export type { Progress, ProgressEvent, WarningCode } from "./progress.js";
export { type DecryptOptions, decryptLayers } from "./transform/decrypt.js";
export { type EncryptOptions, encryptLayers } from "./transform/encrypt.js";
export type {
  LayerChange,
  LayerContext,
  LayerRun,
  LayerTransform,
  ManifestContext,
  Relabel,
  Rewrite,
} from "./transform/layer-transform.js";
export { type LayerSelection, type LayerSelector, parseLayerSelection } from "./transform/select.js";
export { openSource, openTarget } from "./transport/index.js";
export type { EndpointOptions, ImageSource, ImageTarget } from "./transport/transport.js";
