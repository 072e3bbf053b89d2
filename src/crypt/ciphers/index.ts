import { OciEncError } from "../../errors.js";
import type { BlockCipher } from "../block-cipher.js";
import { aesCtrHmac } from "./aes-ctr-hmac.js";

const rows: readonly BlockCipher[] = [aesCtrHmac];

/** Every cipher, under the name that the public options give it. */
export const ciphers: ReadonlyMap<string, BlockCipher> = new Map(rows.map((row) => [row.id, row]));

/** The cipher that layers are encrypted with by default. */
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
