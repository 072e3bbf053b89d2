import "../process/node-floor.js";

export { describeSigningKey } from "../operations/describe-key.js";
export { type SignImageOptions, type SigningRequest, type SignReport, signImage } from "../operations/sign.js";
export {
  type AttachmentReport,
  type ListedAttachment,
  type ListSignaturesOptions,
  listImageSignatures,
} from "../operations/signatures.js";
export type { TrustRules } from "../policy/trust-rules.js";
export { loadSigner } from "../sign/kinds.js";
export type { MadeSignature } from "../sign/sign-manifests.js";
export type { Signature, SignatureFormat } from "../sign/signature.js";
export type { SignedArtifact, Signer } from "../sign/signer.js";
export type { SignerSettings, SignerSpec } from "../sign/signer-spec.js";
export { generateSigstoreKeyPair, type SigstoreKeyPair } from "../sign/sigstore/key-file.js";
export type { TrustSpec } from "../sign/trust-spec.js";
