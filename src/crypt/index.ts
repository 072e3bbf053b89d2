import "../process/node-floor.js";

export { generateKeyPair, type KeyPair, type KeyPairOptions } from "../keys/generate.js";
export type { KeyContext } from "../keys/key-context.js";
export type { KeyDescription } from "../keys/key-description.js";
export { type KeyDirectory, listKeyDirectory } from "../keys/key-directory.js";
export type { KeyFile } from "../keys/key-file.js";
export type { BlockCipher, Sealing } from "./block-cipher.js";
export { cipherOf, defaultCipher } from "./ciphers/index.js";
export { describeKeyFile } from "./describe-key.js";
export { hasEnvelope, publicOptionsOf } from "./envelope.js";
export type {
  DecryptionKey,
  EncryptionKey,
  KeyWrapper,
  KnownRecipient,
  RecipientInfo,
  SchemeSettings,
  Unwrap,
  Unwrapper,
  Wrap,
  WrappedKey,
  WrapperOptions,
} from "./key-wrapper.js";
export {
  type Keyring,
  type KeyringOptions,
  loadKeyring,
  loadRecipients,
  openEnvelope,
  type SealedLayer,
  sealLayer,
  type Unwrapped,
} from "./layer.js";
export type { LayerOptions, PrivateOptions, PublicOptions } from "./layer-options.js";
export { parseRecipientId, type RecipientId } from "./recipient-id.js";
export { identifyRecipients, type ListedRecipient, listRecipients, recipientsOf, schemesOf } from "./recipients.js";
export type { CompatRecipients, PayloadParameters, SchemeHelp, SchemeRow } from "./scheme-row.js";
export { rowOfSuffix, schemeRow, schemes } from "./schemes/index.js";
export { wantsPassphrase } from "./wants-passphrase.js";
