import { OciEncError } from "../../errors.js";
import type { BlockCipher } from "../block-cipher.js";
import { aesCtrHmac } from "./aes-ctr-hmac.js";

/** One row per cipher, under the name that the public options give it. */
const ciphers: ReadonlyMap<string, BlockCipher> = new Map([[aesCtrHmac.id, aesCtrHmac]]);

/** The cipher that layers are sealed with when nobody says otherwise. */
export const defaultCipher: BlockCipher = aesCtrHmac;

/** The cipher that public options name. UNSUPPORTED, listing the known ones, when it is unknown here. */
export function cipherOf(id: string): BlockCipher {
  const cipher = ciphers.get(id);
  if (cipher) return cipher;
  if (id === "") throw new OciEncError("CORRUPT", "the layer's public options name no cipher");
  throw new OciEncError("UNSUPPORTED", `unknown cipher ${JSON.stringify(id.slice(0, 80))}`, {
    hint: `known ciphers: ${[...ciphers.keys()].join(", ")}`,
  });
}
