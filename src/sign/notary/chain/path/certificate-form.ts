import { expect, isShortestInteger, objectIdentifier, parts, tags } from "../../../../keys/x509/der.js";
import { brokenChain } from "../broken-chain.js";
import type { SigningCertificate } from "../certificate.js";
import { alternativeNames } from "./certificate-names.js";
import { extensionIds } from "./extension-ids.js";

/** What RFC 5280 section 4.1 demands of every certificate, wherever it is in the chain. UNTRUSTED; CORRUPT when malformed. */
export function checkForm(certificate: SigningCertificate, isLeaf: boolean): void {
  const { label, version, innerAlgorithm, outerAlgorithm } = certificate;
  if (version !== 3) throw brokenChain(`has ${label}, which is of version ${version} and not 3`);
  if (Buffer.compare(innerAlgorithm, outerAlgorithm) !== 0) {
    throw brokenChain(`has ${label}, which names two different algorithms for its signature`);
  }
  checkSerial(certificate);
  checkNames(certificate, isLeaf);
  checkKey(certificate);
}

/** Section 4.1.2.2. A root may have zero: many do. */
function checkSerial({ label, serial, isSelfIssued }: SigningCertificate): void {
  const negative = (serial[0] ?? 0x80) >= 0x80;
  const zero = serial.every((octet) => octet === 0) && !isSelfIssued;
  if (negative || zero || serial.length > 20 || !isShortestInteger(serial)) {
    throw brokenChain(`has ${label}, whose serial number is not a positive one of at most 20 octets`);
  }
}

/** Sections 4.1.2.4, 4.1.2.6 and 4.2.1.6. */
function checkNames(certificate: SigningCertificate, isLeaf: boolean): void {
  const { label, issuerName, subjectName, extensions } = certificate;
  const others = alternativeNames(certificate);
  if (issuerName.length === 0) throw brokenChain(`has ${label}, whose issuer has no name`);
  if (others?.length === 0) throw brokenChain(`has ${label} with an empty list of alternative names`);
  if (subjectName.length > 0) return;
  if (!isLeaf) throw brokenChain("has an authority without a name");
  if (extensions.get(extensionIds.subjectAltName)?.critical !== true) {
    throw brokenChain("has a leaf without a name, whose alternative names are not critical");
  }
}

const curves: ReadonlySet<string> = new Set(["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"]);
const minimumBits = 2048;
const maximumBits = 16384;

/** Large enough, and on a curve that is named and not spelled out. Which keys may sign images is another rule. */
function checkKey({ label, publicKey, publicKeyInfo }: SigningCertificate): void {
  const bits = publicKey.asymmetricKeyDetails?.modulusLength;
  switch (publicKey.asymmetricKeyType) {
    case "rsa":
    case "rsa-pss":
      if (bits === undefined || bits < minimumBits || bits > maximumBits) {
        throw brokenChain(`has ${label}, whose RSA key has ${bits ?? "unknown"} bits and not ${minimumBits} or more`);
      }
      return;
    case "ec": {
      const [algorithm] = parts(publicKeyInfo);
      const [, curve] = parts(expect(algorithm, tags.sequence));
      if (curve?.tag === tags.objectIdentifier && curves.has(objectIdentifier(curve))) return;
      throw brokenChain(`has ${label}, whose key is not on P-256, P-384 or P-521 by name`);
    }
    case "ed25519":
      return;
    default:
      throw brokenChain(`has ${label} with a key of a kind that does not count`);
  }
}
