import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import type { SshPrivateKey } from "../../../keys/ssh/private-key.js";
import type { SshPublicKey } from "../../../keys/ssh/public-key.js";
import type { AgeIdentity, AgeRecipient, AgeStanza } from "../age/packet.js";

/*
 * The stanzas that the age program has for SSH keys (its package agessh); the format's specification leaves them out, and so
 * does the library. A file key has 16 bytes.
 */

const rsaLabel = "age-encryption.org/v1/ssh-rsa";
const ed25519Label = "age-encryption.org/v1/ssh-ed25519";
const fileKeyLength = 16;

/** By which a stanza names its recipient: the first four bytes of the hash that fingerprints show. */
export function shortTag({ blob }: SshPublicKey): string {
  return base64(createHash("sha256").update(blob).digest().subarray(0, 4));
}

/** Makes the stanza for a public key. */
export function sshRecipient(key: SshPublicKey): AgeRecipient {
  return { wrapFileKey: (fileKey) => [key.type === "ssh-rsa" ? rsaStanza(key, fileKey) : ed25519Stanza(key, fileKey)] };
}

/** Opens the stanzas that name a private key. Null: there is none, or none that opens. */
export function sshIdentity({ publicKey, key }: SshPrivateKey): AgeIdentity {
  const tag = shortTag(publicKey);
  return {
    unwrapFileKey(stanzas) {
      for (const { args, body } of stanzas) {
        if (args[0] !== publicKey.type || args[1] !== tag) continue;
        const opened = publicKey.type === "ssh-rsa" ? openRsa(key, body) : openEd25519(key, publicKey, args[2], body);
        if (opened?.length === fileKeyLength) return opened;
      }
      return null;
    },
  };
}

function rsaStanza(key: SshPublicKey, fileKey: Uint8Array): AgeStanza {
  return { args: ["ssh-rsa", shortTag(key)], body: publicEncrypt({ key: key.key, ...oaep }, fileKey) };
}

const oaep = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: "sha256",
  oaepLabel: Buffer.from(rsaLabel, "latin1"),
} as const;

function openRsa(key: KeyObject, body: Uint8Array): Uint8Array | undefined {
  try {
    return privateDecrypt({ key, ...oaep }, body);
  } catch {
    return undefined;
  }
}

function ed25519Stanza(key: SshPublicKey, fileKey: Uint8Array): AgeStanza {
  const theirs = montgomeryPoint(key);
  const own = x25519Private(randomBytes(32));
  const share = rawPoint(createPublicKey(own));
  const shared = tweaked(diffieHellman({ privateKey: own, publicKey: x25519Public(theirs) }), key);
  const cipher = createCipheriv("chacha20-poly1305", wrappingKey(shared, share, theirs), nonce, { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return { args: ["ssh-ed25519", shortTag(key), base64(share)], body };
}

function openEd25519(
  key: KeyObject,
  publicKey: SshPublicKey,
  share: string | undefined,
  body: Uint8Array,
): Uint8Array | undefined {
  const point = Buffer.from(share ?? "", "base64");
  if (point.length !== 32 || base64(point) !== share || body.length !== fileKeyLength + 16) return undefined;
  try {
    const shared = tweaked(
      diffieHellman({ privateKey: montgomeryScalar(key), publicKey: x25519Public(point) }),
      publicKey,
    );
    const wrapping = wrappingKey(shared, point, montgomeryPoint(publicKey));
    const decipher = createDecipheriv("chacha20-poly1305", wrapping, nonce, { authTagLength: 16 });
    decipher.setAuthTag(body.subarray(fileKeyLength));
    return Buffer.concat([decipher.update(body.subarray(0, fileKeyLength)), decipher.final()]);
  } catch {
    // A point of low order, or another tag.
    return undefined;
  }
}

/** A wrapping key is used once. */
const nonce = new Uint8Array(12);

function wrappingKey(shared: Uint8Array, share: Uint8Array, theirs: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", shared, Buffer.concat([share, theirs]), ed25519Label, 32));
}

/** Binds what was agreed on to the SSH key: multiplied once more, by a number that its blob gives. */
function tweaked(shared: Uint8Array, { blob }: SshPublicKey): Uint8Array {
  const tweak = Buffer.from(hkdfSync("sha256", new Uint8Array(), blob, ed25519Label, 32));
  return diffieHellman({ privateKey: x25519Private(tweak), publicKey: x25519Public(shared) });
}

/** RFC 8032 section 5.1.5: the scalar of an Ed25519 key, which X25519 takes as it is. */
function montgomeryScalar(key: KeyObject): KeyObject {
  const seed = Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
  const scalar = createHash("sha512").update(seed).digest().subarray(0, 32);
  seed.fill(0);
  return x25519Private(scalar);
}

const prime = 2n ** 255n - 19n;

/** RFC 7748 section 4.1: u = (1 + y) / (1 - y). The point is public. */
function montgomeryPoint({ key }: SshPublicKey): Buffer {
  const bytes = Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").reverse();
  const y = BigInt(`0x${bytes.toString("hex")}`) & (2n ** 255n - 1n);
  const u = ((1n + y) * inverse((((1n - y) % prime) + prime) % prime)) % prime;
  return Buffer.from(u.toString(16).padStart(64, "0"), "hex").reverse();
}

/** By Fermat. */
function inverse(number: bigint): bigint {
  let [result, base] = [1n, number];
  for (let exponent = prime - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % prime;
    base = (base * base) % prime;
  }
  return result;
}

/** What stands before the 32 bytes of a key in DER, RFC 8410. */
const pkcs8Head = Buffer.from("302e020100300506032b656e04220420", "hex");
const spkiHead = Buffer.from("302a300506032b656e032100", "hex");

function x25519Private(scalar: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, scalar]), format: "der", type: "pkcs8" });
}

function x25519Public(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiHead, point]), format: "der", type: "spki" });
}

function rawPoint(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(spkiHead.length);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
