import { OciEncError } from "../../../../errors.js";
import { sameCanonicalName } from "../../../../keys/x509/canonical-name.js";
import { type DerValue, expect, parts, readDer, tags } from "../../../../keys/x509/der.js";
import { brokenChain } from "../broken-chain.js";
import type { SigningCertificate } from "../certificate.js";
import { extensionIds } from "./extension-ids.js";
import { type GeneralName, readGeneralNames } from "./general-names.js";

/** What a certificate says of its own key and of its issuer's; RFC 5280 sections 4.2.1.1 and 4.2.1.2. */
interface KeyIdentifiers {
  readonly own: Uint8Array | undefined;
  /** Whether it says anything of its issuer's. */
  readonly ofIssuer: boolean;
  readonly issuerKey: Uint8Array | undefined;
  readonly issuerNames: readonly GeneralName[];
  readonly issuerSerial: Uint8Array | undefined;
}

/**
 * Checks that the key identifiers of each certificate name the one that follows as its issuer. RFC 5280 requires
 * identifiers everywhere; a chain without any passes, as those of notation often have none, if its names are unambiguous.
 * `certificates`: leaf first, root last. UNTRUSTED, or CORRUPT when they cannot be read.
 */
export function checkKeyIdentifiers(certificates: readonly SigningCertificate[]): void {
  const all = certificates.map((certificate) => ({ certificate, said: readIdentifiers(certificate) }));
  for (const [index, { certificate, said }] of all.entries()) {
    const issuer = all[index + 1] ?? { certificate, said };
    checkIssuer(certificate.label, said, issuer.certificate, issuer.said.own);
  }
  const [authorities, issued] = [all.slice(1), all.slice(0, -1)];
  if (authorities.some(({ said }) => said.own) || all.some(({ said }) => said.ofIssuer)) {
    const nameless = authorities.find(({ said }) => !said.own);
    if (nameless)
      throw brokenChain(`has ${nameless.certificate.label} as an authority without a subject key identifier`);
    const orphan = issued.find(({ said }) => !said.issuerKey);
    if (orphan) throw brokenChain(`has ${orphan.certificate.label} without an authority key identifier`);
  } else checkDistinct(certificates);
}

function checkDistinct(certificates: readonly SigningCertificate[]): void {
  for (const [index, { subjectName, label }] of certificates.entries()) {
    if (certificates.slice(index + 1).some((other) => sameCanonicalName(other.subjectName, subjectName))) {
      throw brokenChain(`has two certificates of the name ${label} and no key identifiers to tell them apart`);
    }
  }
}

function checkIssuer(
  label: string,
  { issuerKey, issuerNames, issuerSerial }: KeyIdentifiers,
  issuer: SigningCertificate,
  identifier: Uint8Array | undefined,
): void {
  const otherKey = issuerKey && identifier && Buffer.compare(issuerKey, identifier) !== 0;
  const otherSerial = issuerSerial && Buffer.compare(issuerSerial, issuer.serial) !== 0;
  const otherName = issuerNames.some(
    (name) => name.form === "directoryName" && !sameCanonicalName(name.name, issuer.issuerName),
  );
  if (otherKey || otherSerial || otherName) {
    throw brokenChain(`has ${label}, whose authority key identifier is not that of ${issuer.label}`);
  }
}

function readIdentifiers({ extensions }: SigningCertificate): KeyIdentifiers {
  const own = extensions.get(extensionIds.subjectKeyIdentifier);
  const authority = extensions.get(extensionIds.authorityKeyIdentifier);
  const members = authority ? parts(expect(readDer(authority.value), tags.sequence)) : [];
  const [key, names, serial] = [0x80, 0xa1, 0x82].map((tag) => members.find((member) => member.tag === tag));
  const known = [key, names, serial].filter((member) => member !== undefined);
  if (known.length !== members.length || (names === undefined) !== (serial === undefined)) {
    throw new OciEncError("CORRUPT", "a certificate has a malformed authority key identifier");
  }
  return {
    own: own && expect(readDer(own.value), tags.octetString).content,
    ofIssuer: authority !== undefined,
    issuerKey: key?.content,
    issuerNames: names ? readGeneralNames(names) : [],
    issuerSerial: serial && checkedInteger(serial),
  };
}

function checkedInteger({ content }: DerValue): Uint8Array {
  if (content.length === 0) throw new OciEncError("CORRUPT", "a certificate has a malformed authority key identifier");
  return content;
}
