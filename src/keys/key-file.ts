import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { OciEncError, systemCode } from "../errors.js";
import type { JwkMembers } from "./jwk.js";
import { checkPurpose, type KeyPurpose } from "./jwk-purpose.js";
import { type CertificatePart, type KeyPart, keyParts, type PrivatePart } from "./key-parts.js";

/** A file that should hold a key. An EncryptionKey is one, and a DecryptionKey. */
export interface KeyFile {
  readonly value: Uint8Array;
  /** For messages. */
  readonly origin: string;
  /** Undefined: none was given, which is not the same as an empty one. */
  readonly passphrase?: Uint8Array | undefined;
}

/** In bytes. OpenSSL's own bound; it treats a longer passphrase as none. */
export const passphraseLimit = 1024;

/** A key that was read. */
export interface FileKey {
  readonly key: KeyObject;
  /** Undefined unless the file is a JWK or a JWK set. */
  readonly jwk: JwkMembers | undefined;
}

/** What a scheme makes of the keys of a file. */
export interface KeyReading<T> {
  /** A JWK that says it is for something else is refused. Undefined: nothing is done with the keys. */
  readonly purpose?: KeyPurpose | undefined;
  /** Throws KEY_INVALID for a key that the scheme cannot use. */
  accept(key: FileKey): T;
  /** Called once for a file whose RSA key is so short that it only decrypts. */
  weak?(message: string): void;
  /** Called for each key of a JWK set that is ignored because another one of the set can be used. */
  ignored?(error: OciEncError): void;
}

/**
 * Every public key of a file: bare, or in a certificate. Certificates that issued another one of the same file are taken
 * for its chain. KEY_INVALID when there is none, when one of them cannot be read or used (in a JWK set: when none can),
 * and for a file of private keys, which is most likely the wrong file.
 */
export function readPublicKeys<T>(file: KeyFile, reading: KeyReading<T>): readonly T[] {
  const parts = keyParts(file.value);
  const leaves = leafCertificates(parts, file);
  const readable = parts.filter((part) => part.kind === "public" || part.kind === "unusable");
  // A certificate and its private key share a PEM file often enough; a private JWK is complete without a public one.
  const strayJwk = parts.some((part) => part.kind === "private" && part.jwk !== undefined);
  if (strayJwk || readable.length + leaves.length === 0) throw notPublic(parts, file);
  return collect(file, [...readable, ...leaves], reading);
}

/**
 * Every private key of a file, decrypted with its passphrase where it has one; public keys and certificates beside them
 * are ignored. KEY_INVALID when there is none, when one of them cannot be read or used (in a JWK set: when none
 * can), and when a passphrase is missing or wrong.
 */
export function readPrivateKeys<T>(file: KeyFile, reading: KeyReading<T>): readonly T[] {
  const parts = keyParts(file.value);
  if (!parts.some((part) => part.kind === "private")) throw notPrivate(parts, file);
  return collect(
    file,
    parts.filter((part) => part.kind === "private" || part.kind === "unusable"),
    reading,
  );
}

/**
 * Whether a file is about asymmetric keys in PEM, DER or JWK form at all, so that complaining about it falls to a scheme
 * that uses those. A certificate alone does not count: it may belong to another scheme.
 */
export function holdsKey(value: Uint8Array): boolean {
  return keyParts(value).some(({ kind }) => kind === "private" || kind === "public" || kind === "unusable");
}

/** Whether a private key in the file is encrypted. The command line asks for a passphrase then. */
export function needsPassphrase(value: Uint8Array): boolean {
  return keyParts(value).some((part) => part.kind === "private" && part.encrypted);
}

type ReadablePart = Exclude<KeyPart, { readonly kind: "foreign" }>;

/** RFC 7517 section 5: what cannot be used in a JWK set is passed over. Anywhere else it is an error. */
function collect<T>(file: KeyFile, parts: readonly ReadablePart[], reading: KeyReading<T>): readonly T[] {
  const results: T[] = [];
  const failures: OciEncError[] = [];
  for (const part of parts) {
    const jwk = part.kind === "certificate" ? undefined : part.jwk;
    try {
      const key = read(part, file);
      checkRsa(key, file, reading);
      if (reading.purpose !== undefined) checkPurpose({ key, jwk }, reading.purpose, file.origin);
      results.push(reading.accept({ key, jwk }));
    } catch (error) {
      if (!(error instanceof OciEncError) || jwk?.inSet !== true) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (results.length === 0 && first !== undefined) throw first;
  for (const failure of failures) reading.ignored?.(failure);
  return results;
}

function read(part: ReadablePart, file: KeyFile): KeyObject {
  switch (part.kind) {
    case "private":
      return part.encrypted
        ? decrypt(part, file)
        : orUnreadable(file, "private key", () => createPrivateKey(part.input));
    case "public":
      return orUnreadable(file, "public key", () => createPublicKey(part.input));
    case "certificate":
      return certificate(part, file).publicKey;
    case "unusable":
      throw invalid(`${quoted(file)} holds ${part.what}`);
  }
}

function orUnreadable<T>(file: KeyFile, what: string, attempt: () => T): T {
  try {
    return attempt();
  } catch {
    // What Node and OpenSSL say is left out: it may quote members of a JWK.
    throw invalid(`${quoted(file)} holds a ${what} that cannot be read`);
  }
}

function decrypt(part: PrivatePart, file: KeyFile): KeyObject {
  const { passphrase } = file;
  if (passphrase === undefined) {
    throw invalid(
      `the private key in ${quoted(file)} is encrypted, and no passphrase was given`,
      "give the passphrase with the key: FILE:file=PATH, FILE:env=NAME, FILE:fd=N or FILE:prompt",
    );
  }
  if (passphrase.length > passphraseLimit) {
    throw invalid(`the passphrase for ${quoted(file)} is longer than ${passphraseLimit} bytes`);
  }
  try {
    // A view of the caller's bytes: a copy would never be overwritten.
    const view = Buffer.from(passphrase.buffer, passphrase.byteOffset, passphrase.byteLength);
    return createPrivateKey({ ...part.input, passphrase: view });
  } catch (error) {
    if (systemCode(error) === "ERR_OSSL_EVP_UNSUPPORTED") {
      throw invalid(
        `the private key in ${quoted(file)} is encrypted with a cipher that OpenSSL no longer offers`,
        "encrypt it anew: openssl pkcs8 -topk8 -provider legacy -provider default -in FILE -out FILE.pk8",
      );
    }
    throw invalid(
      `the passphrase for the private key in ${quoted(file)} is wrong`,
      "see whether OpenSSL can read it with that passphrase: openssl pkey -in FILE -noout",
    );
  }
}

/** Leaves out the certificates that another one of the file names as its issuer: they are its chain. */
function leafCertificates(parts: readonly KeyPart[], file: KeyFile): readonly CertificatePart[] {
  const all = parts
    .filter((part) => part.kind === "certificate")
    .map((part) => ({ part, names: certificate(part, file) }));
  const issuers = new Set(all.filter(({ names }) => names.issuer !== names.subject).map(({ names }) => names.issuer));
  return all.filter(({ names }) => !issuers.has(names.subject)).map(({ part }) => part);
}

function certificate(part: CertificatePart, file: KeyFile): X509Certificate {
  return orUnreadable(file, "certificate", () => new X509Certificate(part.der));
}

/** Several schemes read one file. */
const warned = new WeakSet<Uint8Array>();

/** Shorter moduli can be broken; OpenSSL handles no longer ones; with an even or tiny exponent nothing is protected. */
function checkRsa(
  key: KeyObject,
  file: KeyFile,
  { purpose, weak }: Pick<KeyReading<unknown>, "purpose" | "weak">,
): void {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength === undefined || publicExponent === undefined) return;
  if (purpose === "decrypt" && modulusLength >= 1024 && modulusLength < 2048) {
    const message = `the RSA key in ${quoted(file)} has ${modulusLength} bits, which can be broken: it decrypts, and nothing is encrypted for it`;
    if (!warned.has(file.value)) weak?.(message);
    warned.add(file.value);
  } else if (modulusLength < 2048 || modulusLength > 16384) {
    throw invalid(
      `the RSA key in ${quoted(file)} has ${modulusLength} bits; 2048 to 16384 are accepted`,
      "make another key pair: oci-enc key generate",
    );
  }
  if (publicExponent < 3n || publicExponent % 2n === 0n) {
    throw invalid(`the RSA key in ${quoted(file)} has an exponent that protects nothing`);
  }
}

function notPublic(parts: readonly KeyPart[], file: KeyFile): OciEncError {
  const key = parts.find((part) => part.kind === "private");
  if (key === undefined) return notAKey(parts, file, "a public key or a certificate");
  return invalid(
    `${quoted(file)} is a private key; the public key of the recipient is needed`,
    key.jwk === undefined
      ? "derive the public key: openssl pkey -in PRIVATE.pem -pubout -out PUBLIC.pem"
      : "take the private members out of a copy of the JWK: d, p, q, dp, dq, qi, and key_ops where it is there",
  );
}

function notPrivate(parts: readonly KeyPart[], file: KeyFile): OciEncError {
  const found = new Set(parts.map(({ kind }) => kind));
  const hint = "give the private key that belongs to it";
  if (found.has("unusable")) return notAKey(parts, file, "a private key");
  if (found.has("public")) return invalid(`${quoted(file)} is a public key; a private key is needed`, hint);
  if (found.has("certificate")) return invalid(`${quoted(file)} is a certificate; a private key is needed`, hint);
  return notAKey(parts, file, "a private key");
}

function notAKey(parts: readonly KeyPart[], file: KeyFile, wanted: string): OciEncError {
  const found = parts.find((part) => part.kind === "unusable") ?? parts.find((part) => part.kind === "foreign");
  if (found === undefined) return invalid(`${quoted(file)} is not ${wanted} in PEM, DER or JWK form`);
  const hint = found.kind === "foreign" ? found.hint : undefined;
  return invalid(`${quoted(file)} is ${found.what}, not ${wanted} in PEM, DER or JWK form`, hint);
}

function quoted(file: KeyFile): string {
  return JSON.stringify(file.origin.slice(0, 160));
}

function invalid(message: string, hint?: string): OciEncError {
  return new OciEncError("KEY_INVALID", message, { hint });
}
