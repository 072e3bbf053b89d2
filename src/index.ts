import "./process/node-floor.js";

export type { GrowthLimits } from "./bytes/budget.js";
export { type ChoiceOptions, type Choosable, chooseImage } from "./copy/choose-image.js";
export { type CopyOptions, copy } from "./copy/copy.js";
export type { PlanOptions } from "./copy/plan.js";
export type { CopyReport, LayerReport } from "./copy/report.js";
export type { DecryptionKey, EncryptionKey, RecipientInfo, SchemeSettings } from "./crypt/key-wrapper.js";
export type { LayerVerdict } from "./crypt/layer-answer.js";
export { parseRecipientId, type RecipientId } from "./crypt/recipient-id.js";
export { failureLines } from "./decoder/failure.js";
export { type DecoderOptions, runDecoder } from "./decoder/run-decoder.js";
export { type ErrorCode, type ErrorDetails, OciEncError } from "./errors.js";
export type { ContentId, Descriptor } from "./oci/descriptor.js";
export type { Digest } from "./oci/digest.js";
export type { ImageConfig } from "./oci/image-config.js";
export { localPlatform, type Platform, parsePlatform, platformMatches, printPlatform } from "./oci/platform.js";
export { bundleImage } from "./operations/bundle.js";
export {
  type CanDecryptImageOptions,
  type CanDecryptOptions,
  type CanDecryptReport,
  canDecrypt,
  canDecryptImage,
  type LayerAccess,
} from "./operations/can-decrypt.js";
export { type CopyImageOptions, copyImage } from "./operations/copy.js";
export { describeSigningKey } from "./operations/describe-key.js";
export {
  type DiffImagesOptions,
  type DiffOptions,
  type DiffSide,
  diff,
  diffImages,
  type ImageDiff,
  type LayerDiff,
} from "./operations/diff.js";
export { type BaseOptions, selectBase } from "./operations/encrypt/base-image.js";
export {
  type OpenedPreviousImage,
  type OpenPreviousOptions,
  openPreviousImage,
} from "./operations/encrypt/previous-image.js";
export type { SourceOptions } from "./operations/image-source.js";
export {
  type ImageReport,
  type InspectedLayer,
  type InspectImageOptions,
  type InspectOptions,
  inspect,
  inspectImage,
  type ManifestReport,
} from "./operations/inspect.js";
export { listImageFiles } from "./operations/list-files.js";
export { readImageFile } from "./operations/read-file.js";
export { type RunOptions, run, runImage } from "./operations/run.js";
export { type SignImageOptions, type SignReport, signImage, signingAttach } from "./operations/sign.js";
export {
  type AttachmentReport,
  type ListedAttachment,
  type ListSignaturesOptions,
  listImageSignatures,
} from "./operations/signatures.js";
export { unpackImage } from "./operations/unpack.js";
export type { Check, Finding, LayerPlace, Verdict, VerifyReport } from "./operations/verify/check.js";
export { type EncryptionOptions, refusal, type VerifyOptions, verify } from "./operations/verify/verify.js";
export { type VerifyImageOptions, verifyImage } from "./operations/verify/verify-image.js";
export { policyGate, refusalOfUnsigned } from "./policy/gate.js";
export { claimedName, givenName } from "./policy/subject.js";
export type { TrustRules } from "./policy/trust-rules.js";
export type { Progress, ProgressEvent, WarningCode } from "./progress.js";
export { writeBundle } from "./runtime/bundle.js";
export { checkNode, type Finding as NodeFinding, type NodeCheckOptions } from "./runtime/node/node-check.js";
export { type NodeConfigOptions, type NodeRuntime, nodeConfig, nodeRuntimes } from "./runtime/node/node-config.js";
export type { BundleSettings } from "./runtime/spec/bundle-spec.js";
export type { Mount } from "./runtime/spec/mount.js";
export { loadSigner, type SignerKind, signerKind, type TrustKind, trustKind } from "./sign/kinds.js";
export type { MadeSignature, SigningOptions } from "./sign/sign-manifests.js";
export type { Signature, SignatureFormat } from "./sign/signature.js";
export type { SignedArtifact, Signer } from "./sign/signer.js";
export type { SignerSettings, SignerSpec } from "./sign/signer-spec.js";
export { generateSigstoreKeyPair, type SigstoreKeyPair } from "./sign/sigstore/key-file.js";
export { storedForm } from "./sign/simple-signing/stored.js";
export type { TrustSpec } from "./sign/trust-spec.js";
export { type DecryptOptions, decryptLayers } from "./transform/decrypt.js";
export { type EncryptOptions, encryptLayers } from "./transform/encrypt.js";
export type {
  BlobOrigin,
  LayerChange,
  LayerContext,
  LayerRun,
  LayerTransform,
  ManifestContext,
  Relabel,
  Reuse,
  ReuseGround,
  Rewrite,
} from "./transform/layer-transform.js";
export {
  type AddRecipientsOptions,
  addRecipients,
  type RemoveRecipientsOptions,
  removeRecipients,
  type SetRecipientsOptions,
  setRecipients,
} from "./transform/recipients.js";
export { type RekeyOptions, rekeyLayers } from "./transform/rekey.js";
export type { PreviousImage, PreviousLayer } from "./transform/reuse.js";
export {
  type LayerPosition,
  type LayerSelection,
  type LayerSelector,
  parseLayerSelection,
} from "./transform/select.js";
export { openSource, openTarget } from "./transport/index.js";
export type { EndpointOptions, ImageSource, ImageTarget, PolicyGate } from "./transport/transport.js";
export type { OpenImageOptions } from "./unpack/image-layers.js";
export { type LayerCache, openLayerCache } from "./unpack/layer-cache.js";
export { type ImageFile, type LookOptions, listFiles, readFile } from "./unpack/look-inside.js";
export { type Unpacked, type UnpackOptions, unpack } from "./unpack/unpack.js";
