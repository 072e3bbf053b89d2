import { OciEncError } from "../../../../errors.js";
import { isWithin } from "../../../../keys/x509/canonical-name.js";
import { type DerValue, expect, parts, readDer, tags, valuesIn } from "../../../../keys/x509/der.js";
import { brokenChain } from "../broken-chain.js";
import type { SigningCertificate } from "../certificate.js";
import { claimedNames } from "./certificate-names.js";
import { extensionIds } from "./extension-ids.js";
import { type GeneralName, readGeneralName } from "./general-names.js";
import { isInDomain, isInMailbox } from "./subtrees.js";

/** RFC 5280 section 4.2.1.10. */
interface NameConstraints {
  readonly permitted: readonly Subtree[];
  readonly excluded: readonly Subtree[];
}

/** The forms that are compared; constraints of any other form refuse the chain. */
type Subtree = Extract<GeneralName, { readonly form: "directoryName" | "dNSName" | "rfc822Name" }>;

/** A certificate's names times the subtrees that they are compared with. */
const maximumComparisons = 65_536;

/**
 * Checks the names of every certificate against the constraints of all certificates above it, the root included. Names of
 * a self-issued intermediate are not checked. UNTRUSTED when a name is not allowed, or when constraints or names
 * cannot be compared; CORRUPT when they cannot be read. `certificates`: leaf first.
 */
export function checkNameConstraints(certificates: readonly SigningCertificate[]): void {
  const constraints = certificates.map(readNameConstraints);
  if (constraints.every((one) => one === undefined)) return;
  for (const [index, certificate] of certificates.entries()) {
    if (index > 0 && certificate.isSelfIssued) continue;
    const names = claimedNames(certificate, index === 0);
    for (const above of constraints.slice(index + 1)) {
      if (above !== undefined) checkNames(certificate, names, above);
    }
  }
}

function checkNames({ label }: SigningCertificate, names: readonly GeneralName[], constraints: NameConstraints): void {
  const { permitted, excluded } = constraints;
  if (names.length * (permitted.length + excluded.length) > maximumComparisons) {
    throw brokenChain(`has ${label}, whose names are too many to compare with name constraints`);
  }
  for (const name of names) {
    const allowed = permitted.filter((subtree) => concerns(subtree, name));
    if (allowed.length > 0 && !allowed.some((subtree) => contains(subtree, name, label))) {
      throw brokenChain(`has ${label}, whose ${name.form} is not among those that an authority above it may issue`);
    }
    if (excluded.some((subtree) => concerns(subtree, name) && contains(subtree, name, label))) {
      throw brokenChain(`has ${label}, whose ${name.form} is among those that an authority above it must not issue`);
    }
  }
}

/** RFC 9598: a mail address, in a form of its own. */
const internationalAddress = "1.3.6.1.5.5.7.8.9";

function concerns(subtree: Subtree, name: GeneralName): boolean {
  if (name.form === "otherName") return name.type === internationalAddress && subtree.form === "rfc822Name";
  return subtree.form === name.form;
}

function contains(subtree: Subtree, name: GeneralName, label: string): boolean {
  if (subtree.form === "directoryName") return name.form === "directoryName" && isWithin(name.name, subtree.name);
  const inside = name.form === subtree.form ? compare(subtree, name.text) : undefined;
  if (inside !== undefined) return inside;
  throw brokenChain(`has ${label}, whose ${name.form} cannot be compared with name constraints`);
}

function compare({ form, text }: Exclude<Subtree, { readonly form: "directoryName" }>, name: string) {
  return form === "dNSName" ? isInDomain(name, text) : isInMailbox(name, text);
}

function readNameConstraints(certificate: SigningCertificate): NameConstraints | undefined {
  const extension = certificate.extensions.get(extensionIds.nameConstraints);
  if (extension === undefined) return undefined;
  const members = parts(expect(readDer(extension.value), tags.sequence));
  const [permitted, excluded, ...more] = members[0]?.tag === 0xa1 ? [undefined, ...members] : members;
  if (members.length === 0 || more.length > 0) {
    throw new OciEncError("CORRUPT", "a certificate has malformed name constraints");
  }
  return {
    permitted: permitted === undefined ? [] : readSubtrees(expect(permitted, 0xa0), certificate),
    excluded: excluded === undefined ? [] : readSubtrees(expect(excluded, 0xa1), certificate),
  };
}

function readSubtrees({ content }: DerValue, certificate: SigningCertificate): readonly Subtree[] {
  return valuesIn(content).map((subtree) => readSubtree(expect(subtree, tags.sequence), certificate));
}

function readSubtree(value: DerValue, { label }: SigningCertificate): Subtree {
  const [base, ...limits] = parts(value);
  if (base === undefined) throw new OciEncError("CORRUPT", "a certificate has malformed name constraints");
  if (limits.length > 0) throw brokenChain(`has ${label}, whose name constraints have a minimum or maximum`);
  const name = readGeneralName(base);
  switch (name.form) {
    case "directoryName":
    case "dNSName":
    case "rfc822Name":
      return name;
    default:
      throw brokenChain(`has ${label}, whose name constraints are for ${name.form}, which is not compared here`);
  }
}
