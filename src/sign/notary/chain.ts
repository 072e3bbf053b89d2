import { OciEncError } from "../../errors.js";
import { algorithmOfKey, type SignatureAlgorithm } from "./algorithm.js";
import {
  isIssuedBy,
  isSelfSigned,
  type KeyUse,
  readSigningCertificate,
  type SigningCertificate,
} from "./certificate.js";

/** A chain that keeps the rules. Whether anybody trusts it, and when it is valid, is another question. */
export interface SigningChain {
  readonly leaf: SigningCertificate;
  /** The root; in a chain of one it is the leaf. */
  readonly root: SigningCertificate;
  /** All, leaf first. */
  readonly certificates: readonly SigningCertificate[];
  /** The one that the leaf's key decides on. */
  readonly algorithm: SignatureAlgorithm;
}

/** No real chain is longer, and each certificate costs two verifications. */
const maximumLength = 16;

/**
 * Reads a chain, leaf first, and holds the rules of `signing-and-policy.md` 2.4 against it, when signing as when
 * verifying. CORRUPT when a certificate cannot be read, UNTRUSTED when a rule is broken.
 */
export function readChain(encoded: readonly Uint8Array[]): SigningChain {
  if (encoded.length > maximumLength) throw broken(`has ${encoded.length} certificates, the limit is ${maximumLength}`);
  const certificates = encoded.map(readSigningCertificate);
  const [leaf] = certificates;
  const root = certificates.at(-1);
  if (leaf === undefined || root === undefined) throw broken("is empty");
  checkLinks(certificates, root);
  for (const certificate of certificates) checkSignatureAlgorithm(certificate);
  for (const [below, authority] of certificates.slice(1).entries()) checkAuthority(authority, below);
  return { leaf, root, certificates, algorithm: checkLeaf(leaf) };
}

/** Throws UNTRUSTED unless every certificate is valid at `time`. */
export function checkValidity(chain: SigningChain, time: Date): void {
  for (const { label, validFrom, validTo } of chain.certificates) {
    // Not written the other way round, so that a date that could not be read is never a valid one.
    if (!(validFrom <= time && time <= validTo)) {
      const period = `${printDate(validFrom)} to ${printDate(validTo)}`;
      throw new OciEncError("UNTRUSTED", `the certificate ${label} is valid from ${period}, not at ${printDate(time)}`);
    }
  }
}

/** Leaf to root, each issued by the next; nothing unrelated, and nothing that ends the chain before its end. */
function checkLinks(certificates: readonly SigningCertificate[], root: SigningCertificate): void {
  if (!isSelfSigned(root)) throw broken(`ends with ${root.label}, which is not a self-signed root`);
  for (const [index, certificate] of certificates.slice(0, -1).entries()) {
    if (isSelfSigned(certificate)) throw broken(`has the self-signed ${certificate.label} before its end`);
    const issuer = certificates[index + 1];
    if (issuer === undefined || !isIssuedBy(certificate, issuer)) {
      throw broken(`has ${certificate.label} before ${issuer?.label}, which did not issue it`);
    }
  }
}

/** Neither MD5 nor SHA-1, in whatever combination: known good ones only. */
function checkSignatureAlgorithm({ label, signedWith }: SigningCertificate): void {
  if (!signedWith.every((identifier) => goodIdentifiers.has(identifier))) {
    throw broken(`has ${label}, which is signed with an algorithm that is not accepted (${signedWith.join(", ")})`);
  }
}

const goodIdentifiers: ReadonlySet<string> = new Set([
  "1.2.840.113549.1.1.11", // RSA with SHA-256, SHA-384, SHA-512
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  "1.2.840.10045.4.3.2", // ECDSA with SHA-256, SHA-384, SHA-512
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  "1.3.101.112", // Ed25519
  "1.2.840.113549.1.1.10", // RSA-PSS, with one of the next
  "2.16.840.1.101.3.4.2.1", // SHA-256, SHA-384, SHA-512
  "2.16.840.1.101.3.4.2.2",
  "2.16.840.1.101.3.4.2.3",
]);

/** `below`: how many authorities stand between it and the leaf. */
function checkAuthority({ label, basicConstraints, keyUsage }: SigningCertificate, below: number): void {
  if (basicConstraints?.critical !== true || !basicConstraints.ca) {
    throw broken(`has ${label} as an authority, which does not say critically that it is one`);
  }
  if (basicConstraints.pathLength !== undefined && basicConstraints.pathLength < below) {
    throw broken(`is longer than ${label} allows: ${below} authorities below it, not ${basicConstraints.pathLength}`);
  }
  if (keyUsage?.critical !== true || !keyUsage.uses.includes("keyCertSign")) {
    throw broken(`has ${label} as an authority, whose key usage is not critical with keyCertSign`);
  }
}

const forbiddenUses: readonly KeyUse[] = [
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

const forbiddenExtendedUses: ReadonlyMap<string, string> = new Map([
  ["2.5.29.37.0", "any"],
  ["1.3.6.1.5.5.7.3.1", "serverAuth"],
  ["1.3.6.1.5.5.7.3.2", "clientAuth"],
  ["1.3.6.1.5.5.7.3.4", "emailProtection"],
  ["1.3.6.1.5.5.7.3.8", "timeStamping"],
  ["1.3.6.1.5.5.7.3.9", "OCSPSigning"],
]);

function checkLeaf({ label, basicConstraints, keyUsage, extendedKeyUsage, publicKey }: SigningCertificate) {
  if (basicConstraints?.ca) throw broken(`has the authority ${label} as its leaf`);
  if (keyUsage?.critical !== true) throw broken(`has the leaf ${label} without a critical key usage`);
  if (!keyUsage.uses.includes("digitalSignature")) throw broken(`has the leaf ${label} without digitalSignature`);
  const use = keyUsage.uses.find((name) => forbiddenUses.includes(name));
  if (use !== undefined) throw broken(`has the leaf ${label} with the key usage ${use}, which it must not have`);
  const purpose = extendedKeyUsage?.find((id) => forbiddenExtendedUses.has(id));
  if (purpose !== undefined) {
    throw broken(
      `has the leaf ${label} with the purpose ${forbiddenExtendedUses.get(purpose)}, which it must not have`,
    );
  }
  const algorithm = algorithmOfKey(publicKey);
  if (algorithm === undefined) throw broken(`has the leaf ${label} with a key of a kind or size that does not count`);
  return algorithm;
}

function printDate(date: Date): string {
  return Number.isNaN(date.getTime()) ? "an unreadable date" : date.toISOString();
}

function broken(how: string): OciEncError {
  return new OciEncError("UNTRUSTED", `the certificate chain ${how}`);
}
