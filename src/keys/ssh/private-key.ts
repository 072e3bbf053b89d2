import { createDecipheriv, createPrivateKey, type KeyObject } from "node:crypto";
import { OciEncError } from "../../errors.js";
import { completed } from "../jwk.js";
import type { KeyFile } from "../key-file.js";
import { type SshPublicKey, sshBlob, sshPublicKey } from "./public-key.js";
import { SshReader, unsigned } from "./wire.js";

/** A private key for SSH, and its public half. */
export interface SshPrivateKey {
  readonly publicKey: SshPublicKey;
  /** Ed25519 or RSA. */
  readonly key: KeyObject;
}

/** Ciphers of encrypted files: OpenSSL's name, and the lengths of key and IV. ssh-keygen writes the first. */
const ciphers: ReadonlyMap<string, readonly [name: string, key: number, iv: number]> = new Map([
  ["aes256-ctr", ["aes-256-ctr", 32, 16]],
  ["aes192-ctr", ["aes-192-ctr", 24, 16]],
  ["aes128-ctr", ["aes-128-ctr", 16, 16]],
  ["aes256-cbc", ["aes-256-cbc", 32, 16]],
]);

/** ssh-keygen -a takes any number; each is some milliseconds here, and 16 are usual. */
const roundLimit = 1000;

const label = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END OPENSSH PRIVATE KEY-----/;

/** Whether a file is a private key in OpenSSH's own form. */
export function isSshPrivateKey(value: Uint8Array): boolean {
  return label.test(textOf(value));
}

/** Whether it is, and a passphrase protects it. */
export function isEncryptedSshKey(value: Uint8Array): boolean {
  try {
    return isSshPrivateKey(value) && readOutside(value).cipher !== "none";
  } catch {
    return false;
  }
}

/** The public half, which is never encrypted. Undefined when it is of a type that cannot decrypt. KEY_INVALID. */
export function publicHalf(file: KeyFile): SshPublicKey | undefined {
  return sshPublicKey(outsideOf(file).publicBlob);
}

/**
 * Reads a private key as ssh-keygen writes it (PROTOCOL.key of OpenSSH). KEY_INVALID when it is malformed or of a type that
 * cannot decrypt, when its passphrase is missing or wrong, and when it takes a cipher that is not read here.
 */
export async function readSshPrivateKey(file: KeyFile): Promise<SshPrivateKey> {
  const outside = outsideOf(file);
  const publicKey = sshPublicKey(outside.publicBlob);
  if (!publicKey)
    throw invalid(file, "is an SSH key of a type that cannot decrypt", "usable are ssh-ed25519 and ssh-rsa keys");
  const inside = await decrypted(outside, file);
  try {
    const key = privateHalf(inside, publicKey);
    if (key) return { publicKey, key };
  } catch {
    // What Node says is left out: it may quote members of a JWK.
  } finally {
    inside.fill(0);
  }
  throw invalid(file, "is an SSH private key that cannot be read");
}

/** The same of a key in another form. Undefined when it is of a type that cannot decrypt. */
export function sshPrivateKey(key: KeyObject): SshPrivateKey | undefined {
  const publicKey = sshPublicKey(sshBlob(key));
  return publicKey && { publicKey, key };
}

interface Outside {
  readonly cipher: string;
  readonly kdf: string;
  readonly kdfOptions: Buffer;
  readonly publicBlob: Buffer;
  readonly inside: Buffer;
}

function outsideOf(file: KeyFile): Outside {
  try {
    return readOutside(file.value);
  } catch {
    throw invalid(file, "is an SSH private key that cannot be read");
  }
}

function readOutside(value: Uint8Array): Outside {
  const [, base64 = ""] = label.exec(textOf(value)) ?? [];
  const reader = new SshReader(Buffer.from(base64, "base64"));
  if (reader.take(15).toString("latin1") !== "openssh-key-v1\0") throw new RangeError("it begins otherwise");
  const [cipher, kdf, kdfOptions] = [reader.text(), reader.text(), reader.field()];
  if (reader.number() !== 1) throw new RangeError("it holds several keys");
  return { cipher, kdf, kdfOptions, publicBlob: reader.field(), inside: reader.field() };
}

async function decrypted({ cipher, kdf, kdfOptions, inside }: Outside, file: KeyFile): Promise<Buffer> {
  if (cipher === "none" && kdf === "none") return Buffer.from(inside);
  const [name, keyLength, ivLength] = ciphers.get(cipher) ?? [];
  if (name === undefined || keyLength === undefined || ivLength === undefined || kdf !== "bcrypt") {
    throw invalid(
      file,
      "is encrypted with a cipher that is not read here",
      "encrypt a copy of it anew: ssh-keygen -p -Z aes256-ctr -f COPY",
    );
  }
  if (file.passphrase === undefined) {
    throw invalid(
      file,
      "is encrypted, and no passphrase was given",
      "give the passphrase with the key: FILE:file=PATH, FILE:env=NAME, FILE:fd=N or FILE:prompt",
    );
  }
  const options = new SshReader(kdfOptions);
  const [salt, rounds] = [options.field(), options.number()];
  if (rounds > roundLimit) throw invalid(file, `takes ${rounds} rounds to decrypt, and at most ${roundLimit} are made`);
  const secret = await bcryptKey(file.passphrase, { salt, rounds, length: keyLength + ivLength });
  try {
    const decipher = createDecipheriv(name, secret.subarray(0, keyLength), secret.subarray(keyLength));
    decipher.setAutoPadding(false);
    const plain = Buffer.concat([decipher.update(inside), decipher.final()]);
    // Two equal numbers stand at the beginning, to tell a wrong passphrase by.
    if (plain.length >= 8 && plain.readUInt32BE(0) === plain.readUInt32BE(4)) return plain;
  } catch {
    // Not whole blocks.
  } finally {
    secret.fill(0);
  }
  throw invalid(file, "cannot be decrypted: its passphrase is another one");
}

async function bcryptKey(
  passphrase: Uint8Array,
  { salt, rounds, length }: { readonly salt: Uint8Array; readonly rounds: number; readonly length: number },
): Promise<Buffer> {
  const { default: bcrypt } = await import("bcrypt-pbkdf");
  const secret = Buffer.alloc(length);
  bcrypt.pbkdf(passphrase, passphrase.length, salt, salt.length, secret, length, rounds);
  return secret;
}

/** Undefined when it is not that of the public key. */
function privateHalf(inside: Uint8Array, publicKey: SshPublicKey): KeyObject | undefined {
  const reader = new SshReader(inside);
  reader.take(8);
  if (reader.text() !== publicKey.type) return undefined;
  const { x = "", n = "", e = "" } = publicKey.key.export({ format: "jwk" });
  if (publicKey.type === "ssh-ed25519") {
    const point = reader.field();
    const both = reader.field();
    if (point.toString("base64url") !== x || both.length !== 64) return undefined;
    return createPrivateKey({
      key: { kty: "OKP", crv: "Ed25519", x, d: both.subarray(0, 32).toString("base64url") },
      format: "jwk",
    });
  }
  const [modulus, exponent, d] = [unsigned(reader.field()), unsigned(reader.field()), unsigned(reader.field())];
  const jwk = modulus === n && exponent === e ? completed({ kty: "RSA", n, e, d }) : undefined;
  return jwk && createPrivateKey({ key: jwk, format: "jwk" });
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value.subarray(0, 64 * 1024)).toString("latin1");
}

function invalid(file: KeyFile, fault: string, hint?: string): OciEncError {
  return new OciEncError("KEY_INVALID", `the key in ${JSON.stringify(file.origin.slice(0, 160))} ${fault}`, { hint });
}
