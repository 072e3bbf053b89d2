// What the command line needs beyond the doors for users. The package does not export this file.

export { type ChoiceOptions, chooseImage } from "../copy/choose-image.js";
export { schemeRow, schemes } from "../crypt/schemes/index.js";
export { failureLines } from "../decoder/failure.js";
export { wantsPassphrase } from "../keys/passphrase.js";
export { keyringAddresses } from "../keys/pgp/addresses.js";
export { credentialsHint, redactedReference } from "../oci/redacted-reference.js";
export { signerKind } from "../sign/signers.js";
export { storedForm } from "../sign/simple-signing/stored.js";
export { trustKind } from "../sign/trust.js";
export { sameRegistry } from "../transport/index.js";
