import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { OciEncError } from "../../errors.js";
import { checkPurpose } from "../../keys/jwk-purpose.js";
import { type KeyFile, needsPassphrase, readPrivateKeys } from "../../keys/key-file.js";
import { describeForm, keyParts, type PublicPart } from "../../keys/key-parts.js";
import { newEcPair } from "../../keys/new-key-pair.js";
import { type PemBlock, pemBlocks } from "../../keys/pem.js";
import { plainText } from "../../keys/plain-form.js";
import { decryptKey, encryptedKeyLabel, encryptedKeyLabels, encryptKey } from "./encrypted-key.js";
import { requireKeyKind, sigstoreKeyName } from "./key-kind.js";

/**
 * The private key of a file: cosign's encrypted form under either of its labels, or PEM as OpenSSL writes it (PKCS#8,
 * SEC1). `signing-and-policy.md` 1.4. KEY_INVALID when there is not exactly one, when its kind makes no such signatures,
 * or when its passphrase is missing or wrong; an empty passphrase is one.
 */
export async function readSigningKey(file: KeyFile): Promise<KeyObject> {
  const encrypted = encryptedBlocks(file.value);
  const [block, another] = encrypted;
  if (another) throw invalid(`${quoted(file)} holds several private keys`);
  if (block) return await readEncrypted(block, file);
  const [key, second] = readPrivateKeys(file, {
    purpose: "sign",
    accept: ({ key: found }) => requireKeyKind(found, file.origin),
  });
  if (!key || second) throw invalid(`${quoted(file)} holds several private keys`);
  return key;
}

/** Whether a file holds a private key in cosign's encrypted form. Never throws. */
export function isEncryptedSigningKey(value: Uint8Array): boolean {
  return encryptedBlocks(value).length > 0;
}

/** Whether the private key of a file needs a passphrase. Never throws. */
export function signingKeyWantsPassphrase(value: Uint8Array): boolean {
  return isEncryptedSigningKey(value) || needsPassphrase(value);
}

/**
 * The public key of a file, in any form that a recipient's may have except a certificate, whose dates would not be checked.
 * KEY_INVALID when there is not exactly one, when something is before it, which cosign and skopeo would take for it, or
 * when its kind makes no such signatures.
 */
export function readVerificationKey(file: Omit<KeyFile, "passphrase">): KeyObject {
  const parts = keyParts(file.value);
  const [part, another] = parts.filter(({ kind }) => kind === "public");
  const isFirst = part === parts[0] || (part?.kind === "public" && part.jwk?.inSet === true);
  if (part?.kind !== "public" || !isFirst) throw notAPublicKey(file);
  if (another) throw invalid(`${quoted(file)} holds several public keys`, "give each key a file of its own");
  const key = publicKeyIn(part.input, file);
  checkPurpose({ key, jwk: part.jwk }, "verify", file.origin);
  return requireKeyKind(key, file.origin);
}

/** A new key pair, as text for two files that cosign and skopeo read, too. */
export interface SigstoreKeyPair {
  /** PEM, always encrypted. */
  readonly privatePem: string;
  /** SubjectPublicKeyInfo. */
  readonly publicPem: string;
  /** As signatures by it are shown: `sigstore key SHA256:…`. */
  readonly name: string;
}

/** Makes a P-256 key pair, its private key encrypted with `passphrase`, which may be empty. */
export async function generateSigstoreKeyPair(passphrase: Uint8Array): Promise<SigstoreKeyPair> {
  const { privateKey, publicKey } = await newEcPair("P-256");
  return {
    privatePem: await writeSigningKey(privateKey, passphrase),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    name: sigstoreKeyName(publicKey),
  };
}

/** The private key in cosign's encrypted form. The passphrase may be empty. */
export async function writeSigningKey(key: KeyObject, passphrase: Uint8Array): Promise<string> {
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const body = Buffer.from(await encryptKey(pkcs8, passphrase)).toString("base64");
  pkcs8.fill(0);
  const lines = body.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${encryptedKeyLabel}-----`, ...lines, `-----END ${encryptedKeyLabel}-----`, ""].join("\n");
}

function encryptedBlocks(value: Uint8Array): readonly PemBlock[] {
  return pemBlocks(plainText(value)).filter(({ label }) => encryptedKeyLabels.includes(label));
}

async function readEncrypted({ body }: PemBlock, file: KeyFile): Promise<KeyObject> {
  if (!body) throw invalid(`the private key in ${quoted(file)} is damaged`);
  if (file.passphrase === undefined) {
    throw invalid(
      `the private key in ${quoted(file)} is encrypted, and no passphrase was given`,
      "give it with the key: FILE:file=PATH, FILE:env=NAME, FILE:fd=N or FILE:prompt; an empty one is given as FILE:pass=",
    );
  }
  const pkcs8 = await decryptKey(body, file.passphrase, file.origin);
  try {
    return requireKeyKind(
      createPrivateKey({
        key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length),
        format: "der",
        type: "pkcs8",
      }),
      file.origin,
    );
  } catch (error) {
    if (error instanceof OciEncError) throw error;
    throw invalid(`what was encrypted in ${quoted(file)} is not a private key`);
  } finally {
    pkcs8.fill(0);
  }
}

function notAPublicKey(file: Omit<KeyFile, "passphrase">): OciEncError {
  const form = describeForm(file.value);
  const found = form === undefined ? "not a public key" : `${form.what}, not a public key`;
  return invalid(`${quoted(file)} is ${found}`, form?.hint ?? 'one begins with "-----BEGIN PUBLIC KEY-----"');
}

function publicKeyIn(input: PublicPart["input"], file: Omit<KeyFile, "passphrase">): KeyObject {
  try {
    return createPublicKey(input);
  } catch {
    // What Node says is left out: it may quote members of a JWK.
    throw invalid(`${quoted(file)} holds a public key that cannot be read`);
  }
}

function quoted({ origin }: Pick<KeyFile, "origin">): string {
  return JSON.stringify(origin.slice(0, 160));
}

function invalid(message: string, hint?: string): OciEncError {
  return new OciEncError("KEY_INVALID", message, { hint });
}
