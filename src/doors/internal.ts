// What the command line needs beyond the doors for users. The package does not export this file.

export { type ChoiceOptions, chooseImage } from "../copy/choose-image.js";
export { schemes } from "../crypt/schemes/index.js";
export { wantsPassphrase } from "../crypt/wants-passphrase.js";
export { failureLines } from "../decoder/failure.js";
export { homeDirectory } from "../files/home-directory.js";
export { readToml, type TomlDocument } from "../files/toml.js";
export { isRegistryHost, parseImageName } from "../oci/image-name.js";
export { credentialsHint, redactedReference } from "../oci/redacted-reference.js";
export { isSecretName } from "../oci/secret-name.js";
export { type DoctorOptions, examineMachine } from "../operations/doctor/doctor.js";
export type { MachineFinding } from "../operations/doctor/finding.js";
export type { RuleFiles } from "../operations/doctor/policies.js";
export { type SignerKind, signerKind, trustKind } from "../sign/kinds.js";
export { storedForm } from "../sign/simple-signing/stored.js";
export { registryReference, sameRegistry } from "../transport/references.js";
export { storeDirectory } from "../transport/store/store-directory.js";
