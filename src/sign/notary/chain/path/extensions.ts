import { OciEncError } from "../../../../errors.js";
import { bitOctets, type DerValue, expect, parts, readDer, tags } from "../../../../keys/x509/der.js";
import { brokenChain } from "../broken-chain.js";
import type { SigningCertificate } from "../certificate.js";
import { extensionIds } from "./extension-ids.js";
import { readGeneralNames } from "./general-names.js";

/** Those that are processed, whether they are critical or not. */
const processed: ReadonlySet<string> = new Set([
  extensionIds.keyUsage,
  extensionIds.subjectAltName,
  extensionIds.basicConstraints,
  extensionIds.nameConstraints,
  extensionIds.certificatePolicies,
  extensionIds.policyMappings,
  extensionIds.policyConstraints,
  extensionIds.extendedKeyUsage,
  extensionIds.inhibitAnyPolicy,
]);

/** Those that are not processed here, and restrict a chain even where they are not critical. */
const refused: ReadonlyMap<string, string> = new Map([
  ["1.3.6.1.5.5.7.1.7", "blocks of addresses"],
  ["1.3.6.1.5.5.7.1.8", "numbers of autonomous systems"],
  ["1.3.6.1.5.5.7.1.14", "the rights of a proxy"],
]);

const ofAuthorities: ReadonlyMap<string, string> = new Map([
  [extensionIds.nameConstraints, "name constraints"],
  [extensionIds.policyMappings, "policy mappings"],
  [extensionIds.inhibitAnyPolicy, "a limit for any policy"],
]);

/**
 * RFC 5280 section 4.2: an extension that is critical is either processed here, or the chain is refused. UNTRUSTED; CORRUPT
 * for any that is malformed.
 */
export function checkExtensions({ label, extensions }: SigningCertificate, isLeaf: boolean): void {
  for (const [id, { critical }] of extensions) {
    if (critical && !processed.has(id)) {
      throw brokenChain(`has ${label} with the critical extension ${id}, whose rules are not known here`);
    }
    const strange = refused.get(id);
    if (strange !== undefined) throw brokenChain(`has ${label} with ${strange}, whose rules are not known here`);
    const misplaced = isLeaf ? ofAuthorities.get(id) : undefined;
    if (misplaced !== undefined)
      throw brokenChain(`has the leaf ${label} with ${misplaced}, which only an authority has`);
  }
  const lists = extensions.get(extensionIds.revocationLists);
  if (lists !== undefined) checkRevocationLists(readDer(lists.value));
  const types = extensions.get(netscapeType);
  if (types !== undefined) bitOctets(readDer(types.value));
}

const netscapeType = "2.16.840.1.113730.1.1";

/** RFC 5280 section 4.2.1.13. Nothing is looked up there, but what is malformed is not a certificate. */
function checkRevocationLists(value: DerValue): void {
  for (const point of parts(expect(value, tags.sequence))) {
    const members = parts(expect(point, tags.sequence));
    const [name, reasons, issuer] = [0xa0, 0x81, 0xa2].map((tag) => members.find((member) => member.tag === tag));
    const known = [name, reasons, issuer].filter((member) => member !== undefined);
    if (known.length !== members.length) throw malformed();
    if (reasons !== undefined) bitOctets({ ...reasons, tag: tags.bitString });
    if (issuer !== undefined) readGeneralNames(issuer);
    if (name !== undefined) checkPointName(name);
  }
}

/** A full name; one that is relative to the issuer's is refused. */
function checkPointName(name: DerValue): void {
  const [full, ...more] = parts(name);
  if (more.length > 0) throw malformed();
  readGeneralNames(expect(full, 0xa0));
}

function malformed(): OciEncError {
  return new OciEncError("CORRUPT", "a certificate has malformed addresses of revocation lists");
}
