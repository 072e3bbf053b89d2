import type { BlockCipher } from "../../../src/crypt/block-cipher.js";
import { defaultCipher } from "../../../src/crypt/ciphers/index.js";

/** What another tool, or an older oci-enc, writes: layers that are bound to no diff id. */
export const unboundCipher: BlockCipher = {
  ...defaultCipher,
  seal: ({ bytes, size }) => defaultCipher.seal({ bytes, size }),
};
