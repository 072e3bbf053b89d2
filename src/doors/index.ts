import "../process/node-floor.js";

export type { GrowthLimits } from "../bytes/budget.js";
export type { PlanOptions } from "../copy/plan/plan.js";
export type { CopyReport, LayerReport } from "../copy/report.js";
export type { DecryptionKey, EncryptionKey, RecipientInfo, SchemeSettings } from "../crypt/key-wrapper.js";
export type { LayerVerdict } from "../crypt/layer-access.js";
export { parseRecipientId, type RecipientId } from "../crypt/recipient-id.js";
export { type ErrorCode, type ErrorDetails, OciEncError } from "../errors.js";
export type { ContentId, Descriptor } from "../oci/descriptor.js";
export type { Digest } from "../oci/digest.js";
export type { ImageConfig } from "../oci/image-config.js";
export { localPlatform, type Platform, parsePlatform, printPlatform } from "../oci/platform.js";
export {
  type CanDecryptImageOptions,
  type CanDecryptReport,
  canDecryptImage,
  type LayerAccess,
} from "../operations/can-decrypt.js";
export { type CopyImageOptions, type CopyImageReport, copyImage } from "../operations/copy.js";
export {
  type DiffImagesOptions,
  type DiffSide,
  diffImages,
  type ImageDiff,
  type LayerDiff,
} from "../operations/diff.js";
export { type BaseOptions, selectBase } from "../operations/encrypt/base-image.js";
export {
  type OpenedPreviousImage,
  type OpenPreviousOptions,
  openPreviousImage,
} from "../operations/encrypt/previous-image.js";
export type { SourceOptions } from "../operations/image-source.js";
export {
  type ImageReport,
  type InspectedLayer,
  type InspectImageOptions,
  inspectImage,
  type ManifestReport,
} from "../operations/inspect.js";
export { pullImage } from "../operations/pull.js";
export type { SigningRequest } from "../operations/sign.js";
export type {
  Check,
  EncryptionSight,
  Finding,
  LayerPlace,
  Verdict,
  VerifyReport,
  VerifySight,
} from "../operations/verify/check.js";
export type { EncryptionOptions } from "../operations/verify/verify.js";
export { type VerifyImageOptions, verifyImage } from "../operations/verify/verify-image.js";
export type { TrustRules } from "../policy/trust-rules.js";
export type { Progress, ProgressEvent, WarningCode } from "../progress.js";
export type { SignedArtifact, Signer } from "../sign/signer.js";
export type { TrustSpec } from "../sign/trust-spec.js";
export { type DecryptOptions, decryptLayers } from "../transform/decrypt.js";
export { type EncryptOptions, encryptLayers } from "../transform/encrypt.js";
export type { LayerTransform } from "../transform/layer-transform.js";
export {
  type AddRecipientsOptions,
  addRecipients,
  type RemoveRecipientsOptions,
  removeRecipients,
  type SetRecipientsOptions,
  setRecipients,
} from "../transform/recipients.js";
export { type RekeyOptions, rekeyLayers } from "../transform/rekey.js";
export type { PreviousImage, PreviousLayer } from "../transform/reuse.js";
export { type LayerSelection, type LayerSelector, parseLayerSelection } from "../transform/select.js";
export type { RegistryOptions } from "../transport/registry-options.js";
export type { EndpointOptions } from "../transport/transport.js";
