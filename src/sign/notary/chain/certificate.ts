import { type KeyObject, X509Certificate } from "node:crypto";
import { OciEncError } from "../../../errors.js";
import { type CanonicalName, canonicalName, sameCanonicalName } from "../../../keys/x509/canonical-name.js";
import {
  bitOctets,
  type DerValue,
  expect,
  objectIdentifier,
  parts,
  readDer,
  smallInteger,
  tags,
} from "../../../keys/x509/der.js";
import { printName } from "../../../keys/x509/distinguished-name.js";
import { derBoolean, readX509Fields, type X509Extension } from "../../../keys/x509/x509-fields.js";
import { readValidity } from "../../../keys/x509/x509-time.js";
import { extensionIds } from "./path/extension-ids.js";

/** What the rules for signing certificates look at; RFC 5280. Node's own reader shows neither criticality nor bits. */
export interface SigningCertificate {
  readonly encoded: Uint8Array;
  /** Who it is about, for people: cut, and without anything that could harm a terminal. */
  readonly name: string;
  /** The same in quotes, for messages. */
  readonly label: string;
  readonly version: number;
  /** The content of the number. */
  readonly serial: Uint8Array;
  /** A Name, encoded. */
  readonly subject: Uint8Array;
  /** Both in the form in which they are compared. */
  readonly subjectName: CanonicalName;
  readonly issuerName: CanonicalName;
  /** Whether both are one: the authority is another certificate of the same name, or it is its own. */
  readonly isSelfIssued: boolean;
  readonly publicKey: KeyObject;
  readonly publicKeyInfo: DerValue;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** The identifier of the algorithm that the issuer signed it with, and for PSS those of its hashes. */
  readonly signedWith: readonly string[];
  /** That algorithm as the signed part has it, and beside the signature; encoded. */
  readonly innerAlgorithm: Uint8Array;
  readonly outerAlgorithm: Uint8Array;
  /** All, by dotted identifier. */
  readonly extensions: ReadonlyMap<string, X509Extension>;
  readonly basicConstraints: BasicConstraints | undefined;
  readonly keyUsage: KeyUsage | undefined;
  /** Identifiers. Undefined: its use is not restricted. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Whether it says where its revocation is to be looked up. */
  readonly revocable: boolean;
  /** Whether its signature is by that key. */
  signedBy(key: KeyObject): boolean;
}

/** RFC 5280 section 4.2.1.9. */
export interface BasicConstraints {
  readonly critical: boolean;
  readonly ca: boolean;
  readonly pathLength: number | undefined;
}

/** RFC 5280 section 4.2.1.3. */
export interface KeyUsage {
  readonly critical: boolean;
  readonly uses: readonly KeyUse[];
}

/** In the order of their bits. */
const keyUses = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;

/** One bit of the extension. */
export type KeyUse = (typeof keyUses)[number];

/** Reads a certificate from DER. CORRUPT when it is not one, or not strictly encoded. */
export function readSigningCertificate(encoded: Uint8Array): SigningCertificate {
  const fields = certificateFields(encoded);
  try {
    const certificate = new X509Certificate(encoded);
    return {
      ...fields,
      encoded,
      publicKey: certificate.publicKey,
      signedBy: (key) => holds(certificate, key),
    };
  } catch (cause) {
    throw new OciEncError("CORRUPT", `the certificate of ${fields.label} cannot be read`, { cause });
  }
}

/** Whether both are one certificate. */
export function sameCertificate(left: SigningCertificate, right: SigningCertificate): boolean {
  return Buffer.compare(left.encoded, right.encoded) === 0;
}

/** Whether it is its own issuer. */
export function isSelfSigned(certificate: SigningCertificate): boolean {
  return isIssuedBy(certificate, certificate);
}

/** Whether `issuer` has issued `certificate`: by name, and by signature. */
export function isIssuedBy(certificate: SigningCertificate, issuer: SigningCertificate): boolean {
  return sameCanonicalName(certificate.issuerName, issuer.subjectName) && certificate.signedBy(issuer.publicKey);
}

function holds(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key);
  } catch {
    // OpenSSL throws for a key of another kind than the signature's.
    return false;
  }
}

type Fields = Omit<SigningCertificate, "encoded" | "publicKey" | "signedBy">;

const onlineStatus = "1.3.6.1.5.5.7.48.1";

function certificateFields(encoded: Uint8Array): Fields {
  const { version, serial, subject, issuer, signatureAlgorithm, extensions, ...fields } = readX509Fields(encoded);
  const name = printName(subject).slice(0, 300);
  const [subjectName, issuerName] = [canonicalName(subject), canonicalName(issuer)];
  const { from, to } = readValidity(fields.validity);
  return {
    name,
    label: JSON.stringify(name),
    version,
    serial,
    subject,
    subjectName,
    issuerName,
    isSelfIssued: sameCanonicalName(subjectName, issuerName),
    publicKeyInfo: fields.publicKeyInfo,
    validFrom: from,
    validTo: to,
    innerAlgorithm: fields.innerAlgorithm.encoded,
    outerAlgorithm: signatureAlgorithm.encoded,
    extensions,
    signedWith: signatureIdentifiers(signatureAlgorithm),
    basicConstraints: readBasicConstraints(extensions.get(extensionIds.basicConstraints)),
    keyUsage: readKeyUsage(extensions.get(extensionIds.keyUsage)),
    extendedKeyUsage: readExtendedKeyUsage(extensions.get(extensionIds.extendedKeyUsage)),
    revocable: extensions.has(extensionIds.revocationLists) || hasStatus(extensions.get(extensionIds.authorityAccess)),
  };
}

function readBasicConstraints(extension: X509Extension | undefined): BasicConstraints | undefined {
  if (extension === undefined) return undefined;
  const members = parts(expect(readDer(extension.value), tags.sequence));
  const ca = members[0]?.tag === tags.boolean && derBoolean(members[0]);
  const [length, ...more] = members[0]?.tag === tags.boolean ? members.slice(1) : members;
  if (more.length > 0) throw malformed("has basic constraints of too many parts");
  return { critical: extension.critical, ca, pathLength: length && smallInteger(length) };
}

function readKeyUsage(extension: X509Extension | undefined): KeyUsage | undefined {
  if (extension === undefined) return undefined;
  const octets = bitOctets(readDer(extension.value));
  if (octets.length > 2) throw malformed("has a malformed key usage");
  const uses = keyUses.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
  return { critical: extension.critical, uses };
}

function readExtendedKeyUsage(extension: X509Extension | undefined): readonly string[] | undefined {
  return extension && parts(expect(readDer(extension.value), tags.sequence)).map(objectIdentifier);
}

/** RFC 5280 section 4.2.2.1: whether there is an OCSP responder among what it says about its authority. */
function hasStatus(extension: X509Extension | undefined): boolean {
  if (extension === undefined) return false;
  return parts(expect(readDer(extension.value), tags.sequence)).some(
    (access) => objectIdentifier(parts(expect(access, tags.sequence))[0]) === onlineStatus,
  );
}

const rsaPss = "1.2.840.113549.1.1.10";
const sha1 = "1.3.14.3.2.26";

/** RFC 4055 section 3.1: both hashes of PSS are parameters, and SHA-1 where they are left out. */
function signatureIdentifiers(algorithm: DerValue): readonly string[] {
  const [id, parameters] = parts(algorithm);
  const name = objectIdentifier(id);
  if (name !== rsaPss) return [name];
  const given = parameters === undefined ? [] : parts(expect(parameters, tags.sequence));
  const member = (tag: number): DerValue | undefined => given.find((value) => value.tag === tag);
  const [hash, mask] = [member(0xa0), member(0xa1)].map((value) => value && parts(value)[0]);
  return [name, hash ? algorithmName(hash) : sha1, mask ? algorithmName(parts(mask)[1]) : sha1];
}

/** Of an AlgorithmIdentifier. */
function algorithmName(identifier: DerValue | undefined): string {
  return objectIdentifier(parts(expect(identifier, tags.sequence))[0]);
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `a certificate ${how}`);
}
