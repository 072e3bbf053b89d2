import "../process/node-floor.js";

export type { BlockCipher, Sealing } from "../crypt/block-cipher.js";
export { cipherOf, defaultCipher } from "../crypt/ciphers/index.js";
export { describeKeyFile } from "../crypt/describe-key.js";
export { hasEnvelope, publicOptionsOf } from "../crypt/envelope.js";
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
} from "../crypt/key-wrapper.js";
export {
  type Keyring,
  type KeyringOptions,
  loadKeyring,
  loadRecipients,
  openEnvelope,
  type SealedLayer,
  sealLayer,
  type Unwrapped,
} from "../crypt/layer.js";
export type { LayerOptions, PrivateOptions, PublicOptions } from "../crypt/layer-options.js";
export { recipientsOf } from "../crypt/recipients.js";
export { generateKeyPair, type KeyPair, type KeyPairOptions } from "../keys/generate.js";
export type { KeyDescription } from "../keys/key-description.js";
export { type KeyDirectory, listKeyDirectory } from "../keys/key-directory.js";
export type { KeyFile } from "../keys/key-file.js";
