import { OciEncError } from "../errors.js";
import { thumbprint } from "./jwk.js";
import { passphraseLimit } from "./key-file.js";
import { type NewKeyPair, newEcPair, newRsaPair } from "./new-key-pair.js";

/** What kind of key pair to make, and how to keep it. */
export interface KeyPairOptions {
  /** `ec:P-256`, `ec:P-384`, `ec:P-521`, or `rsa:` and 2048 to 16384 bits. */
  readonly type: string;
  /** Undefined: the private key is left unencrypted. */
  readonly passphrase?: Uint8Array | undefined;
}

/** A new key pair, as text for two files. */
export interface KeyPair {
  /** PKCS#8; encrypted with AES-256-CBC under a key from PBKDF2 when there is a passphrase. */
  readonly privatePem: string;
  /** SubjectPublicKeyInfo. */
  readonly publicPem: string;
  /** RFC 7638; the `kid` of wrapped keys for this key. */
  readonly thumbprint: string;
}

/** Makes a key pair for the scheme jwe. USAGE when there is no such type, or the passphrase cannot be used. */
export async function generateKeyPair(options: KeyPairOptions): Promise<KeyPair> {
  const { passphrase } = options;
  if (passphrase !== undefined && (passphrase.length === 0 || passphrase.length > passphraseLimit)) {
    throw new OciEncError("USAGE", `a passphrase has 1 to ${passphraseLimit} bytes`);
  }
  const { privateKey, publicKey } = await make(options.type);
  const encryption = passphrase && {
    cipher: "aes-256-cbc",
    passphrase: Buffer.from(passphrase.buffer, passphrase.byteOffset, passphrase.byteLength),
  };
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem", ...encryption }).toString(),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    thumbprint: thumbprint(publicKey),
  };
}

const curves: ReadonlySet<string> = new Set(["P-256", "P-384", "P-521"]);

async function make(type: string): Promise<NewKeyPair> {
  const [, family, parameter = ""] = /^(ec|rsa):(.+)$/.exec(type) ?? [];
  if (family === "ec" && curves.has(parameter)) return await newEcPair(parameter);
  const bits = /^\d{4,5}$/.test(parameter) ? Number(parameter) : 0;
  if (family === "rsa" && bits >= 2048 && bits <= 16384 && bits % 8 === 0) return await newRsaPair(bits);
  throw new OciEncError("USAGE", `not a type of key: ${JSON.stringify(type.slice(0, 40))}`, {
    hint: "types are ec:P-256, ec:P-384, ec:P-521, and rsa:2048 to rsa:16384 in steps of 8 bits; oci-enc key generate takes cosign too, for a key to sign images with",
  });
}
