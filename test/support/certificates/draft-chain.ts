import {
  alternativeNames,
  authority,
  extendedKeyUsage,
  general,
  ids,
  issuerKey,
  keyUsage,
  mappings,
  nameConstraints,
  policies,
  policyConstraints,
  purposes,
  subjectKey,
  uses,
} from "./draft-extensions.js";
import {
  type Attribute,
  algorithms,
  type CertificateDraft,
  type DraftKey,
  draftKey,
  type ExtensionDraft,
  encodeName,
  text,
  time,
} from "./handmade-certificate.js";

/** When the chains are judged. */
export const judgedAt = new Date("2026-11-22T12:00:00Z");

/** A good chain's choices. All of them leave it good. */
export interface ChainPlan {
  /** 0 to 3, between leaf and root. */
  readonly intermediates: number;
  /** Whether one of them has issued itself, with a new key. */
  readonly rollover: boolean;
  readonly rootKey: "P-256" | "RSA";
  /** Whether there are key identifiers: everywhere, or nowhere. */
  readonly identifiers: boolean;
  /** Whether path lengths are given, and as short as may be. */
  readonly pathLengths: boolean;
  readonly leafPurposes: "none" | "code" | "code and own";
  readonly authorityPurposes: "none" | "code" | "any";
  readonly otherNames: "none" | "host" | "mail" | "directory" | "uri";
  readonly constrained: "no" | "directory" | "hosts" | "mail" | "all" | "excluded";
  /** `demanded`: by the root; `kept` and `mapped`: by each intermediate, and the leaf has it, or one that is mapped to it. */
  readonly policies: "none" | "one" | "any" | "demanded" | "kept" | "mapped";
  /** Whether issuers are written in other letters, spaces and types of string than the subjects they name. */
  readonly respelled: boolean;
}

/** The plan with nothing unusual: two intermediates, everything else that has a rule. */
export const usualPlan: ChainPlan = {
  intermediates: 2,
  rollover: false,
  rootKey: "P-256",
  identifiers: true,
  pathLengths: false,
  leafPurposes: "code",
  authorityPurposes: "none",
  otherNames: "none",
  constrained: "no",
  policies: "none",
  respelled: false,
};

/** The policy that chains are for. */
export const policy = "1.3.6.1.4.1.99999.2.1";
/** Another. */
export const otherPolicy = "1.3.6.1.4.1.99999.2.2";
const organisation: readonly Attribute[] = [
  ["2.5.4.6", "XX", text.printable],
  ["2.5.4.8", "State"],
  ["2.5.4.10", "Example Org"],
];

/** A name below the one that all certificates share. */
export function nameOf(commonName: string, ...more: readonly Attribute[]): Uint8Array {
  return encodeName(...organisation, ...more, ["2.5.4.3", commonName]);
}

/** The name that all of them stand below. */
export const sharedName = encodeName(...organisation);

const keys: DraftKey[] = [];
let rsaKey: DraftKey | undefined;

/** The nth pair that chains are made with: making a new one each time would take long. */
export function keyNumber(index: number): DraftKey {
  while (keys.length <= index) keys.push(draftKey("P-256"));
  return keys[index] ?? draftKey("P-256");
}

/** Drafts a good chain, leaf first. */
export function draftChain(plan: ChainPlan): CertificateDraft[] {
  const length = plan.intermediates + 2;
  const drafts: CertificateDraft[] = [];
  for (let index = 0; index < length; index++) drafts.push(draftCertificate(plan, index, length));
  return drafts;
}

function draftCertificate(plan: ChainPlan, index: number, length: number): CertificateDraft {
  const isRoot = index === length - 1;
  const issuerIndex = isRoot ? index : index + 1;
  const [key, issuer] = [chainKey(plan, index, length), chainKey(plan, issuerIndex, length)];
  const byRsa = issuerIndex === length - 1 && plan.rootKey === "RSA";
  const algorithm = byRsa ? algorithms.rsaSha256 : algorithms.ecdsaSha256;
  return {
    version: 2,
    serial: Buffer.of(0x10 + index),
    innerAlgorithm: algorithm,
    outerAlgorithm: algorithm,
    issuer: subjectOf(plan, issuerIndex, plan.respelled && !isRoot),
    subject: subjectOf(plan, index, false),
    from: time("260101000000Z"),
    to: index % 2 === 0 ? time("361231235959Z") : time("20561231235959Z"),
    publicKeyInfo: key.publicKeyInfo,
    extensions: [
      ...(index === 0 ? leafExtensions(plan) : authorityExtensions(plan, index, length)),
      ...(plan.identifiers ? [subjectKey(key.identifier), issuerKey(issuer.identifier)] : []),
      ...policyExtensions(plan, index, length),
    ].map((extension) => ({ ...extension })),
    signer: issuer.privateKey,
    hash: "sha256",
    afterwards: (encoded) => encoded,
  };
}

function chainKey(plan: ChainPlan, index: number, length: number): DraftKey {
  if (index < length - 1 || plan.rootKey === "P-256") return keyNumber(index);
  rsaKey ??= draftKey(2048);
  return rsaKey;
}

/** With a rollover the lowest intermediate has the name of the one above it. */
function subjectOf({ rollover, intermediates }: ChainPlan, index: number, respelled: boolean): Uint8Array {
  const named = rollover && intermediates > 1 && index === 1 ? 2 : index;
  if (!respelled) return nameOf(named === 0 ? "Release" : `Authority ${named}`);
  return encodeName(
    ["2.5.4.6", "xx", text.utf8],
    ["2.5.4.8", " STATE", text.printable],
    ["2.5.4.10", "example   Org ", text.bmp],
    ["2.5.4.3", `AUTHORITY  ${named}`, text.ia5],
  );
}

function leafExtensions({ leafPurposes, otherNames }: ChainPlan): readonly ExtensionDraft[] {
  return [
    keyUsage(uses.digitalSignature),
    ...(leafPurposes === "none" ? [] : [extendedKeyUsage(purposes.codeSigning, ...purposesBeside(leafPurposes))]),
    ...(otherNames === "none" ? [] : [alternativeNames(otherName[otherNames])]),
  ];
}

function purposesBeside(leafPurposes: ChainPlan["leafPurposes"]): readonly string[] {
  return leafPurposes === "code and own" ? [purposes.own] : [];
}

const otherName = {
  host: general.host("build.Example.org"),
  mail: general.mail("release@example.org"),
  directory: general.directory(nameOf("Somebody")),
  uri: general.uri("https://elsewhere.example/"),
} as const;

function authorityExtensions(plan: ChainPlan, index: number, length: number): readonly ExtensionDraft[] {
  const below = Math.max(0, index - 1 - (plan.rollover && plan.intermediates > 1 && index > 1 ? 1 : 0));
  const top = index === Math.min(2, length - 1);
  return [
    authority(plan.pathLengths ? below : undefined),
    keyUsage(uses.keyCertSign | uses.cRLSign),
    ...(plan.authorityPurposes === "none"
      ? []
      : [extendedKeyUsage(plan.authorityPurposes === "any" ? purposes.any : purposes.codeSigning)]),
    ...(top && plan.constrained !== "no" ? [constraints[plan.constrained]] : []),
  ];
}

const permittedNames = general.directory(encodeName(["2.5.4.6", "XX"], ["2.5.4.8", "STATE", text.printable]));
const constraints = {
  directory: nameConstraints([general.directory(encodeName(["2.5.4.6", "DE"])), permittedNames], []),
  hosts: nameConstraints(
    [general.host("example.net"), general.host("EXAMPLE.org")],
    [general.host("secret.example.org")],
  ),
  mail: nameConstraints(
    [general.mail("example.org"), general.mail(".example.net")],
    [general.mail("root@example.org")],
  ),
  all: nameConstraints([permittedNames, general.host("example.org"), general.mail("release@example.org")], []),
  excluded: nameConstraints(
    [],
    [general.directory(nameOf("Release", ["2.5.4.11", "x"])), general.host(".org.example")],
  ),
} as const;

function policyExtensions({ policies: kind }: ChainPlan, index: number, length: number): readonly ExtensionDraft[] {
  if (kind === "none") return [];
  if (index === length - 1) return kind === "demanded" ? [policyConstraints(0, 0)] : [];
  const isMapped = kind === "mapped" && length > 2;
  if (isMapped && index === 0) return [policies(otherPolicy)];
  return [
    policies(kind === "any" ? `${ids.policies}.0` : policy),
    ...(index > 0 && (kind === "kept" || kind === "mapped") ? [policyConstraints(0, undefined)] : []),
    ...(isMapped && index === 1 ? [mappings([policy, otherPolicy])] : []),
  ];
}
