// What the command line needs beyond the doors for users. The package does not export this file.

export { type ChoiceOptions, chooseImage } from "../copy/plan/choose-image.js";
export { schemes } from "../crypt/schemes/index.js";
export { wantsPassphrase } from "../crypt/wants-passphrase.js";
export { failureLines } from "../decoder/failure.js";
export { holdOutput } from "../decoder/hold-output.js";
export { credentialsHint, redactedReference } from "../oci/redacted-reference.js";
export { type SignerKind, signerKind, trustKind } from "../sign/kinds.js";
export { storedForm } from "../sign/simple-signing/stored.js";
export { listArchiveNames } from "../transport/archive/archive-names.js";
export { prefixOfPath } from "../transport/recognise.js";
export { registryReference, sameRegistry } from "../transport/references.js";
export { listImageNames } from "../transport/store/image-names.js";
