import { OciEncError } from "../../../../errors.js";
import {
  type DerValue,
  expect,
  objectIdentifier,
  parts,
  readDer,
  smallInteger,
  tags,
} from "../../../../keys/x509/der.js";
import { brokenChain } from "../broken-chain.js";
import type { SigningCertificate } from "../certificate.js";
import { extensionIds } from "./extension-ids.js";
import { checkDisplayText, checkOpenValue } from "./open-value.js";

/** What a certificate says of policies; RFC 5280 sections 4.2.1.4, 4.2.1.5, 4.2.1.11 and 4.2.1.14. */
export interface PolicyExtensions {
  /** Identifiers. Undefined: it is for no policy at all. */
  readonly policies: ReadonlySet<string> | undefined;
  /** From a policy of the issuer to those that count as it. */
  readonly mappings: ReadonlyMap<string, ReadonlySet<string>>;
  /** How many more certificates may lack a valid policy; undefined: no limit. */
  readonly requireExplicitPolicy: number | undefined;
  /** How many more certificates may map policies. */
  readonly inhibitPolicyMapping: number | undefined;
  /** How many more certificates may be for any policy. */
  readonly inhibitAnyPolicy: number | undefined;
}

/** The policy that stands for all. */
export const anyPolicy = "2.5.29.32.0";

/** Reads them. CORRUPT when one is malformed, UNTRUSTED for the combinations that RFC 5280 forbids. */
export function readPolicyExtensions({ extensions, label }: SigningCertificate): PolicyExtensions {
  const value = (id: string): DerValue | undefined => {
    const extension = extensions.get(id);
    return extension && readDer(extension.value);
  };
  const constraints = value(extensionIds.policyConstraints);
  const inhibited = value(extensionIds.inhibitAnyPolicy);
  const policies = value(extensionIds.certificatePolicies);
  const mappings = value(extensionIds.policyMappings);
  return {
    policies: policies && readPolicies(policies, label),
    mappings: mappings === undefined ? new Map() : readMappings(mappings, label),
    ...(constraints === undefined
      ? { requireExplicitPolicy: undefined, inhibitPolicyMapping: undefined }
      : readConstraints(constraints)),
    inhibitAnyPolicy: inhibited && smallInteger(inhibited),
  };
}

function readPolicies(value: DerValue, label: string): ReadonlySet<string> {
  const policies = parts(expect(value, tags.sequence)).map((information) => {
    const [policy, qualifiers, ...more] = parts(expect(information, tags.sequence));
    if (more.length > 0) throw malformed("certificate policies");
    if (qualifiers !== undefined) checkQualifiers(qualifiers);
    return objectIdentifier(policy);
  });
  const distinct = new Set(policies);
  if (distinct.size === 0) throw malformed("certificate policies");
  if (distinct.size < policies.length) throw brokenChain(`has ${label}, which names a certificate policy twice`);
  return distinct;
}

/** They are for people, and are no certificate policies when they are malformed. */
function checkQualifiers(value: DerValue): void {
  for (const qualifier of parts(expect(value, tags.sequence))) {
    const [id, said, ...more] = parts(expect(qualifier, tags.sequence));
    if (more.length > 0) throw malformed("certificate policies");
    const kind = objectIdentifier(id);
    if (kind === practiceStatement) expect(said, ia5String);
    else if (kind === userNotice) checkNotice(expect(said, tags.sequence));
    else checkOpenValue(said);
  }
}

const practiceStatement = "1.3.6.1.5.5.7.2.1";
const userNotice = "1.3.6.1.5.5.7.2.2";
const ia5String = 0x16;

/** A reference of an organization and numbers, then a text; either may be left out. */
function checkNotice(value: DerValue): void {
  const members = parts(value);
  const [reference] = members[0]?.tag === tags.sequence ? members : [];
  const [text, ...more] = reference === undefined ? members : members.slice(1);
  if (more.length > 0) throw malformed("certificate policies");
  if (text !== undefined) checkDisplayText(text);
  if (reference === undefined) return;
  const [organization, numbers, ...others] = parts(reference);
  if (others.length > 0) throw malformed("certificate policies");
  checkDisplayText(organization);
  for (const number of parts(expect(numbers, tags.sequence))) checkOpenValue(expect(number, tags.integer));
}

function readMappings(value: DerValue, label: string): ReadonlyMap<string, ReadonlySet<string>> {
  const mappings = new Map<string, Set<string>>();
  for (const mapping of parts(expect(value, tags.sequence))) {
    const [from, to, ...more] = parts(expect(mapping, tags.sequence)).map(objectIdentifier);
    if (from === undefined || to === undefined || more.length > 0) throw malformed("policy mappings");
    if (from === anyPolicy || to === anyPolicy)
      throw brokenChain(`has ${label}, which maps the policy that stands for all`);
    mappings.set(from, (mappings.get(from) ?? new Set()).add(to));
  }
  if (mappings.size === 0) throw malformed("policy mappings");
  return mappings;
}

function readConstraints(value: DerValue): Pick<PolicyExtensions, "requireExplicitPolicy" | "inhibitPolicyMapping"> {
  const members = parts(expect(value, tags.sequence));
  const [require, inhibit, ...more] = members[0]?.tag === 0x81 ? [undefined, ...members] : members;
  if (members.length === 0 || more.length > 0) throw malformed("policy constraints");
  return {
    requireExplicitPolicy: require && taggedInteger(require, 0x80),
    inhibitPolicyMapping: inhibit && taggedInteger(inhibit, 0x81),
  };
}

function taggedInteger(value: DerValue, tag: number): number {
  return smallInteger({ ...expect(value, tag), tag: tags.integer });
}

function malformed(what: string): OciEncError {
  return new OciEncError("CORRUPT", `a certificate has malformed ${what}`);
}
