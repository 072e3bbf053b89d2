import { createHash, type KeyObject, randomBytes } from "node:crypto";
import { OciEncError } from "../../../errors.js";
import { readPrivateKeys } from "../../../keys/key-file.js";
import { describeForm, keyParts } from "../../../keys/key-parts.js";
import { printName } from "../../../keys/x509/distinguished-name.js";
import {
  type Certificate,
  type IssuerAndSerial,
  readCertificate,
  sameName,
} from "../../../keys/x509/recipient-certificate.js";
import type {
  DecryptionKey,
  EncryptionKey,
  KeyWrapper,
  KnownRecipient,
  RecipientInfo,
  Unwrap,
  WrapperOptions,
} from "../../key-wrapper.js";
import { decodePrivateOptions } from "../../layer-options.js";
import { openContent, sealContent } from "./content-algorithm.js";
import {
  type Enveloped,
  encodeEnveloped,
  type KeyTransport,
  readEnveloped,
  rsaesOaep,
  withoutKeyTransport,
} from "./enveloped-data.js";
import { unwrapKey, wrapKey } from "./key-transport.js";

/**
 * CMS enveloped data for X.509 certificates with RSA keys, one wrapped key for all recipients: `wire-format.md` 4.3. Writes what
 * Go's libraries write; reads that and what other tools write.
 */
export const pkcs7: KeyWrapper = {
  scheme: "pkcs7",

  async wrapFor(keys, options = {}) {
    if (options.anonymous) {
      throw new OciEncError("UNSUPPORTED", "a pkcs7 wrapped key always names the certificate that it is for", {
        hint: "leave out --anonymous, or encrypt for a recipient of another scheme",
      });
    }
    const certificates = keys.map((key) => recipientCertificate(key, options));
    return async (secret) => [{ suffix: "pkcs7", bytes: seal(certificates, secret) }];
  },

  async unwrapWith(keys, options = {}) {
    const pairs = readPairs(keys, options);
    if (pairs === undefined) return undefined;
    return { unwrap: unwrapWithPairs(pairs), used: pairs.used };
  },

  recipients(wrapped) {
    try {
      return readEnveloped(wrapped.bytes).recipients.map(describe);
    } catch {
      return [{ kind: "unreadable", scheme: "pkcs7", algorithm: "", id: "", label: "a damaged PKCS#7 wrapped key" }];
    }
  },

  identify: async (keys) => keys.map((key) => identify(key)),

  without: ({ suffix, bytes }, index) => ({ suffix, bytes: withoutKeyTransport(bytes, index) }),
};

/** Private keys, and the certificates that say which recipient of a wrapped key a key is. */
interface Pairs {
  readonly privateKeys: readonly KeyObject[];
  readonly certificates: readonly Certificate[];
  readonly used: readonly DecryptionKey[];
}

const contentKeySize = 16;
const nonceSize = 12;

/** The first certificate of a file, as with other tools: what follows is its chain. */
function recipientCertificate(key: EncryptionKey, options: WrapperOptions): Certificate {
  const origin = JSON.stringify(key.origin);
  const parts = keyParts(key.value);
  const part = parts.find(({ kind }) => kind === "certificate");
  if (part?.kind !== "certificate") {
    const bare = parts.some(({ kind }) => kind === "public");
    const form = describeForm(key.value);
    const found = form === undefined ? "not a certificate" : `${form.what}, not a certificate`;
    throw new OciEncError("KEY_INVALID", `${origin} is ${bare ? "a bare public key" : found}`, {
      hint: bare
        ? "pkcs7 names recipients by certificate; a bare key is for jwe:FILE"
        : (form?.hint ?? "pkcs7 takes an X.509 certificate, PEM or DER"),
    });
  }
  const certificate = readCertificate(part.der, key.origin);
  checkUsable(certificate, options);
  return certificate;
}

function identify(key: EncryptionKey): KnownRecipient {
  const { name, encoded } = recipientCertificate(key, {});
  const [sha256, sha1] = ["sha256", "sha1"].map((algorithm) => createHash(algorithm).update(encoded).digest("hex"));
  return { scheme: "pkcs7", id: idOf(name), thumbprint: sha256 ?? "", aliases: [sha256 ?? "", sha1 ?? ""], key };
}

/** KEY_INVALID for a key that is not RSA or too short; what the certificate says against this use is a warning. */
function checkUsable({ publicKey, origin, ...certificate }: Certificate, options: WrapperOptions): void {
  const quoted = JSON.stringify(origin);
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.asymmetricKeyType !== "rsa") {
    throw new OciEncError("KEY_INVALID", `the certificate ${quoted} has no RSA key, which pkcs7 needs`, {
      hint: "for an EC key write jwe:FILE, which takes the same certificate",
    });
  }
  if (bits < 2048 || bits > 16384) {
    throw new OciEncError("KEY_INVALID", `the RSA key of ${quoted} has ${bits} bits; 2048 to 16384 are accepted`);
  }
  const now = new Date();
  if (now > certificate.validTo || now < certificate.validFrom) {
    const period = `${certificate.validFrom.toISOString()} to ${certificate.validTo.toISOString()}`;
    const message = `the certificate ${quoted} is not valid today, but from ${period}`;
    options.progress?.({ type: "warning", code: "CERTIFICATE_EXPIRED", message });
  }
  if (!certificate.mayEncipherKeys) {
    const message = `the certificate ${quoted} has a key usage that does not include keyEncipherment`;
    options.progress?.({ type: "warning", code: "CERTIFICATE_KEY_USAGE", message });
  }
}

function seal(certificates: readonly Certificate[], secret: Uint8Array): Uint8Array {
  const key = randomBytes(contentKeySize);
  const nonce = randomBytes(nonceSize);
  const recipients = certificates.map(({ name, publicKey }) => ({ name, encryptedKey: wrapKey(publicKey, key) }));
  const wrapped = encodeEnveloped({ recipients, nonce, ciphertext: sealContent(key, nonce, secret) });
  key.fill(0);
  return wrapped;
}

/** Undefined when there is no RSA private key and no certificate among the keys. */
function readPairs(keys: readonly DecryptionKey[], options: WrapperOptions): Pairs | undefined {
  const certificates: Certificate[] = [];
  const privateKeys: KeyObject[] = [];
  const used: DecryptionKey[] = [];
  for (const key of keys) {
    const found = readCertificates(key);
    const secret = readRsaKeys(key, options);
    certificates.push(...found);
    privateKeys.push(...secret);
    if (found.length + secret.length > 0) used.push(key);
  }
  const [lone] = certificates;
  if (privateKeys.length === 0 && lone !== undefined) {
    throw new OciEncError("KEY_INVALID", `${JSON.stringify(lone.origin)} is a certificate; a private key is needed`, {
      hint: "give the RSA private key that belongs to it as well",
    });
  }
  for (const certificate of certificates.filter((candidate) => !keyOf(candidate, privateKeys))) {
    const message = `no private key that was given belongs to the certificate ${JSON.stringify(certificate.origin)}`;
    options.progress?.({ type: "warning", code: "KEY_IGNORED", message });
  }
  return used.length === 0 ? undefined : { privateKeys, certificates, used };
}

function readCertificates(key: DecryptionKey): readonly Certificate[] {
  return keyParts(key.value).flatMap((part) =>
    part.kind === "certificate" ? [readCertificate(part.der, key.origin)] : [],
  );
}

/** A private key of another kind is another scheme's, unless it was said to be for this one. */
function readRsaKeys(key: DecryptionKey, { progress }: WrapperOptions): readonly KeyObject[] {
  const isPrivate = keyParts(key.value).some(({ kind }) => kind === "private");
  const lone = key.scheme === "pkcs7" && readCertificates(key).length === 0;
  if (!isPrivate && !lone) return [];
  const weak = (message: string) => progress?.({ type: "warning", code: "KEY_WEAK", message });
  const keys = readPrivateKeys(key, { purpose: "decrypt", weak, accept: (read) => read.key });
  const rsa = keys.filter((candidate) => candidate.asymmetricKeyType === "rsa");
  if (rsa.length === 0 && key.scheme === "pkcs7") {
    throw new OciEncError(
      "KEY_INVALID",
      `the private key in ${JSON.stringify(key.origin)} is not RSA, which pkcs7 needs`,
    );
  }
  return rsa;
}

function unwrapWithPairs(pairs: Pairs): Unwrap {
  return async (wrapped) => {
    const enveloped = readEnveloped(wrapped.bytes);
    const named = enveloped.recipients.flatMap((recipient) => {
      const key = namedKey(recipient, pairs);
      return key === undefined ? [] : [{ recipient, key }];
    });
    for (const { recipient, key } of named) {
      const secret = open(enveloped, recipient, key);
      if (secret !== undefined) return secret;
    }
    if (named.length > 0)
      throw new OciEncError("CORRUPT", "the PKCS#7 wrapped key names a given certificate and cannot be decrypted");
    return trial(enveloped, pairs.privateKeys);
  };
}

/** The private key of the certificate that a recipient is named after; undefined when it is not among those given. */
function namedKey(recipient: KeyTransport, { certificates, privateKeys }: Pairs): KeyObject | undefined {
  const certificate = certificates.find((candidate) => isNamed(recipient, candidate));
  return certificate && keyOf(certificate, privateKeys);
}

function isNamed({ issuerAndSerial, subjectKeyIdentifier }: KeyTransport, certificate: Certificate): boolean {
  if (issuerAndSerial !== undefined) return sameName(issuerAndSerial, certificate.name);
  const own = certificate.subjectKeyIdentifier;
  if (own === undefined || subjectKeyIdentifier === undefined) return false;
  return Buffer.compare(own, subjectKeyIdentifier) === 0;
}

function keyOf(certificate: Certificate, privateKeys: readonly KeyObject[]): KeyObject | undefined {
  const modulus = modulusOf(certificate.publicKey);
  return privateKeys.find((key) => modulusOf(key) === modulus);
}

function modulusOf(key: KeyObject): string | undefined {
  return key.asymmetricKeyType === "rsa" ? key.export({ format: "jwk" }).n : undefined;
}

/** Without a certificate nothing says which recipient a key is: each is tried. */
function trial(enveloped: Enveloped, privateKeys: readonly KeyObject[]): Uint8Array | undefined {
  for (const recipient of enveloped.recipients.slice(0, maximumTrials)) {
    for (const key of privateKeys) {
      const secret = open(enveloped, recipient, key);
      if (secret !== undefined) return secret;
    }
  }
  return undefined;
}

/** A private RSA operation each: enough for any team, and some seconds at most. */
const maximumTrials = 256;

function open(enveloped: Enveloped, recipient: KeyTransport, privateKey: KeyObject): Uint8Array | undefined {
  const key = unwrapKey(privateKey, recipient, enveloped.content.keySize);
  const secret = key && openContent(key, enveloped);
  if (secret === undefined || enveloped.content.mode === "gcm") return secret;
  return isLayerOptions(secret) ? secret : undefined;
}

/** CBC has no tag: one wrong key in 256 yields something with a padding that fits. */
function isLayerOptions(secret: Uint8Array): boolean {
  try {
    decodePrivateOptions(secret).symmetricKey.fill(0);
    return true;
  } catch {
    // Not what a wrapped key holds, so the key was the wrong one.
    return false;
  }
}

function describe(recipient: KeyTransport): RecipientInfo {
  const algorithm = recipient.algorithm === rsaesOaep ? "RSA-OAEP" : "RSA PKCS#1 v1.5";
  const name = recipient.issuerAndSerial;
  if (name === undefined) {
    const id = hex(recipient.subjectKeyIdentifier ?? new Uint8Array());
    return { kind: "recipient", scheme: "pkcs7", algorithm, id, label: `key identifier ${id}` };
  }
  const label = `issuer "${printName(name.issuer)}" serial ${hex(name.serial)}`;
  return { kind: "recipient", scheme: "pkcs7", algorithm, id: idOf(name), label };
}

/** A serial number is one issuer's alone. */
function idOf({ issuer, serial }: IssuerAndSerial): string {
  return `${printName(issuer)}#${hex(serial)}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
