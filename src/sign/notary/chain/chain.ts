import { OciEncError } from "../../../errors.js";
import { algorithmOfKey, type SignatureAlgorithm } from "../algorithm.js";
import { brokenChain } from "./broken-chain.js";
import {
  isIssuedBy,
  isSelfSigned,
  type KeyUse,
  readSigningCertificate,
  type SigningCertificate,
  sameCertificate,
} from "./certificate.js";
import { checkForm } from "./path/certificate-form.js";
import { checkExtensions } from "./path/extensions.js";
import { checkKeyIdentifiers } from "./path/key-identifiers.js";
import { checkNameConstraints } from "./path/name-constraints.js";
import { checkPolicies } from "./path/policies.js";

/** A chain that keeps the rules. Whether it is trusted, and when it is valid, is another question. */
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
 * Reads a chain, leaf first, and checks it by the rules of `signing-and-policy.md` 2.4 and of RFC 5280 section 6, for signing
 * as for verifying. CORRUPT when a certificate cannot be read, UNTRUSTED when a rule is broken.
 */
export function readChain(encoded: readonly Uint8Array[]): SigningChain {
  if (encoded.length > maximumLength)
    throw brokenChain(`has ${encoded.length} certificates, the limit is ${maximumLength}`);
  const certificates = encoded.map(readSigningCertificate);
  const [leaf] = certificates;
  const root = certificates.at(-1);
  if (leaf === undefined || root === undefined) throw brokenChain("is empty");
  for (const [index, certificate] of certificates.entries()) {
    checkSignatureAlgorithm(certificate);
    checkForm(certificate, index === 0);
    checkExtensions(certificate, index === 0);
  }
  checkLinks(certificates, root);
  for (const [index, authority] of certificates.entries()) {
    if (index > 0) checkAuthority(authority, authoritiesIn(certificates.slice(1, index)));
  }
  checkKeyIdentifiers(certificates);
  checkNameConstraints(certificates);
  checkPolicies(certificates);
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

/** RFC 5280 section 4.2.1.9: those that have issued themselves, with a new key, do not count. */
function authoritiesIn(certificates: readonly SigningCertificate[]): number {
  return certificates.filter(({ isSelfIssued }) => !isSelfIssued).length;
}

/** Leaf to root, each issued by the next; nothing unrelated, and nothing that ends the chain before its end. */
function checkLinks(certificates: readonly SigningCertificate[], root: SigningCertificate): void {
  if (!isSelfSigned(root)) throw brokenChain(`ends with ${root.label}, which is not a self-signed root`);
  for (const [index, certificate] of certificates.slice(0, -1).entries()) {
    if (certificates.indexOf(certificate) !== certificates.findIndex((one) => sameCertificate(one, certificate))) {
      throw brokenChain(`has ${certificate.label} twice`);
    }
    if (isSelfSigned(certificate)) throw brokenChain(`has the self-signed ${certificate.label} before its end`);
    const issuer = certificates[index + 1];
    if (issuer === undefined || !isIssuedBy(certificate, issuer)) {
      throw brokenChain(`has ${certificate.label} before ${issuer?.label}, which did not issue it`);
    }
  }
}

/** Neither MD5 nor SHA-1, in whatever combination: known good ones only. */
function checkSignatureAlgorithm({ label, signedWith }: SigningCertificate): void {
  if (!signedWith.every((identifier) => goodIdentifiers.has(identifier))) {
    throw brokenChain(
      `has ${label}, which is signed with an algorithm that is not accepted (${signedWith.join(", ")})`,
    );
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

/** `below`: how many authorities are between it and the leaf. */
function checkAuthority(authority: SigningCertificate, below: number): void {
  const { label, basicConstraints, keyUsage, extendedKeyUsage } = authority;
  if (basicConstraints?.critical !== true || !basicConstraints.ca) {
    throw brokenChain(`has ${label} as an authority, which does not say critically that it is one`);
  }
  if (basicConstraints.pathLength !== undefined && basicConstraints.pathLength < below) {
    throw brokenChain(
      `is longer than ${label} allows: ${below} authorities below it, not ${basicConstraints.pathLength}`,
    );
  }
  if (keyUsage?.critical !== true || !keyUsage.uses.includes("keyCertSign")) {
    throw brokenChain(`has ${label} as an authority, whose key usage is not critical with keyCertSign`);
  }
  if (extendedKeyUsage && !extendedKeyUsage.some((id) => id === codeSigning || id === anyPurpose)) {
    throw brokenChain(`has ${label} as an authority for other purposes than signing code`);
  }
}

const codeSigning = "1.3.6.1.5.5.7.3.3";
const anyPurpose = "2.5.29.37.0";

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
  [anyPurpose, "any"],
  ["1.3.6.1.5.5.7.3.1", "serverAuth"],
  ["1.3.6.1.5.5.7.3.2", "clientAuth"],
  ["1.3.6.1.5.5.7.3.4", "emailProtection"],
  ["1.3.6.1.5.5.7.3.8", "timeStamping"],
  ["1.3.6.1.5.5.7.3.9", "OCSPSigning"],
]);

function checkLeaf({ label, basicConstraints, keyUsage, extendedKeyUsage, publicKey }: SigningCertificate) {
  if (basicConstraints?.ca) throw brokenChain(`has the authority ${label} as its leaf`);
  if (basicConstraints?.pathLength !== undefined) {
    throw brokenChain(`has the leaf ${label} with a path length, which only an authority has`);
  }
  if (keyUsage?.critical !== true) throw brokenChain(`has the leaf ${label} without a critical key usage`);
  if (!keyUsage.uses.includes("digitalSignature")) throw brokenChain(`has the leaf ${label} without digitalSignature`);
  const use = keyUsage.uses.find((name) => forbiddenUses.includes(name));
  if (use !== undefined) throw brokenChain(`has the leaf ${label} with the key usage ${use}, which it must not have`);
  const purpose = extendedKeyUsage?.find((id) => forbiddenExtendedUses.has(id));
  if (purpose !== undefined) {
    throw brokenChain(
      `has the leaf ${label} with the purpose ${forbiddenExtendedUses.get(purpose)}, which it must not have`,
    );
  }
  if (extendedKeyUsage?.includes(codeSigning) === false) {
    throw brokenChain(`has the leaf ${label} for other purposes than signing code`);
  }
  const algorithm = algorithmOfKey(publicKey);
  if (algorithm === undefined)
    throw brokenChain(`has the leaf ${label} with a key of a kind or size that does not count`);
  return algorithm;
}

function printDate(date: Date): string {
  return Number.isNaN(date.getTime()) ? "an unreadable date" : date.toISOString();
}
