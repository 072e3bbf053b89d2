import { type SignedIdentity, usualIdentity } from "./identity.js";
import { readIdentityRule } from "./identity-rule.js";
import { type KeyMembers, type KeySource, type PolicyDialect, readKeySources } from "./key-source.js";
import { entriesOf, invalid, membersOf, nameOf, type RuleNode, textOf } from "./strict-members.js";

/** What a policy requires of an image. `signing-and-policy.md` 4.2. */
export type PolicyRequirement =
  | { readonly type: "insecureAcceptAnything" | "reject" }
  | KeyRequirement
  /** A known type that oci-enc cannot check: nothing satisfies it. */
  | { readonly type: "unsupported"; readonly what: string };

/** A signature by one of these keys, about an image of that name. */
export interface KeyRequirement {
  readonly type: "signedBy" | "sigstoreSigned";
  readonly keys: readonly KeySource[];
  readonly identity: SignedIdentity;
}

/** Reads one requirement. CORRUPT when it is malformed, or of an unknown type. */
export function readRequirement(place: RuleNode, dialect: PolicyDialect): PolicyRequirement {
  const type = textOf(entriesOf(place, ["type"]).find(([key]) => key === "type")?.[1]);
  const read = requirements.get(type ?? "");
  if (read === undefined) throw invalid(place, "is of a type that is not known");
  return read(place, dialect);
}

type ReadRequirement = (place: RuleNode, dialect: PolicyDialect) => PolicyRequirement;

/** A row a type. */
const requirements: ReadonlyMap<string, ReadRequirement> = new Map<string, ReadRequirement>([
  ["insecureAcceptAnything", (place) => readBare(place, "insecureAcceptAnything")],
  ["reject", (place) => readBare(place, "reject")],
  ["signedBy", readSignedBy],
  ["sigstoreSigned", readSigstoreSigned],
  ["signedBaseLayer", readSignedBaseLayer],
]);

function readBare(place: RuleNode, type: "insecureAcceptAnything" | "reject"): PolicyRequirement {
  membersOf(place, ["type"]);
  return { type };
}

/** Other tools read it as well, and no image satisfies it. */
function readSignedBaseLayer(place: RuleNode): PolicyRequirement {
  const { baseLayerIdentity } = membersOf(place, ["type", "baseLayerIdentity"]);
  if (baseLayerIdentity === undefined) throw invalid(place, "has no baseLayerIdentity");
  readIdentityRule(baseLayerIdentity);
  return { type: "unsupported", what: "a signed base layer" };
}

function readSignedBy(place: RuleNode, dialect: PolicyDialect): PolicyRequirement {
  const { keyType, keyPath, keyPaths, keyData, signedIdentity } = membersOf(place, [
    "type",
    "keyType",
    "keyPath",
    "keyPaths",
    "keyData",
    "signedIdentity",
  ]);
  requireOneSource(place, [keyPath, keyPaths, keyData]);
  const keys = readKeySources({ keyPath, keyPaths, keyData }, dialect);
  const identity = signedIdentity === undefined ? usualIdentity : readIdentityRule(signedIdentity);
  if (keyType === undefined) throw invalid(place, "has no keyType");
  const kind = textOf(keyType);
  if (kind === "GPGKeys") return { type: "signedBy", keys, identity };
  if (!otherKeyTypes.has(kind)) throw invalid(keyType, "is not known");
  return { type: "unsupported", what: `the key type ${kind}` };
}

/** Types that other tools know by name and do not support either. */
const otherKeyTypes: ReadonlySet<string> = new Set(["signedByGPGKeys", "X509Certificates", "signedByX509CAs"]);

const sigstoreMembers = [
  "type",
  "keyPath",
  "keyPaths",
  "keyData",
  "keyDatas",
  "fulcio",
  "pki",
  "rekorPublicKeyPath",
  "rekorPublicKeyPaths",
  "rekorPublicKeyData",
  "rekorPublicKeyDatas",
  "signedIdentity",
] as const;

function readSigstoreSigned(place: RuleNode, dialect: PolicyDialect): PolicyRequirement {
  const members = membersOf(place, sigstoreMembers);
  const { keyPath, keyPaths, keyData, keyDatas, fulcio, pki, signedIdentity } = members;
  requireOneSource(place, [keyPath, keyPaths, keyData, keyDatas, fulcio, pki]);
  const keys = readKeySources({ keyPath, keyPaths, keyData, keyDatas }, dialect);
  const identity = signedIdentity === undefined ? usualFor(place, dialect) : readIdentityRule(signedIdentity);
  const rekor = readRekor(place, {
    keyPath: members.rekorPublicKeyPath,
    keyPaths: members.rekorPublicKeyPaths,
    keyData: members.rekorPublicKeyData,
    keyDatas: members.rekorPublicKeyDatas,
  });
  if (fulcio !== undefined) return readFulcio(fulcio, rekor);
  if (pki !== undefined) return readPki(pki, rekor);
  if (rekor) return { type: "unsupported", what: "an entry in a Rekor log" };
  if (dialect === "image-rs" && !imageRsRules.has(identity.type)) {
    return { type: "unsupported", what: `the rule ${identity.type} in sigstoreSigned, which image-rs does not have` };
  }
  return { type: "sigstoreSigned", keys, identity };
}

const imageRsRules: ReadonlySet<SignedIdentity["type"]> = new Set(["any", "matchRepository", "exactRepository"]);

function usualFor(place: RuleNode, dialect: PolicyDialect): SignedIdentity {
  if (dialect === "containers") return usualIdentity;
  place.document.warn?.(`${nameOf(place)} has no signedIdentity: as in image-rs, a signature for any name will do`);
  return { type: "any" };
}

/** Whether an entry in a log is asked for as well. */
function readRekor(place: RuleNode, members: KeyMembers): boolean {
  const given = Object.values(members).filter((member) => member !== undefined);
  if (given.length > 1) throw invalid(place, "names several sources of Rekor keys");
  readKeySources(members, "containers");
  return given.length === 1;
}

function requireOneSource(place: RuleNode, sources: readonly (RuleNode | undefined)[]): void {
  const count = sources.filter((source) => source !== undefined).length;
  if (count !== 1)
    throw invalid(place, `names ${count === 0 ? "no source" : "several sources"} of keys, and needs one`);
}

function readFulcio(place: RuleNode, rekor: boolean): PolicyRequirement {
  const { caPath, caData, oidcIssuer, subjectEmail } = membersOf(place, [
    "caPath",
    "caData",
    "oidcIssuer",
    "subjectEmail",
  ]);
  for (const text of [caPath, caData, oidcIssuer, subjectEmail]) textOf(text);
  requireOneSource(place, [caPath, caData]);
  if (oidcIssuer === undefined || subjectEmail === undefined) throw invalid(place, "needs oidcIssuer and subjectEmail");
  if (!rekor) throw invalid(place, "needs a Rekor key beside it");
  return { type: "unsupported", what: "a Fulcio certificate" };
}

function readPki(place: RuleNode, rekor: boolean): PolicyRequirement {
  const { caRootsPath, caRootsData, caIntermediatesPath, caIntermediatesData, subjectEmail, subjectHostname } =
    membersOf(place, [
      "caRootsPath",
      "caRootsData",
      "caIntermediatesPath",
      "caIntermediatesData",
      "subjectEmail",
      "subjectHostname",
    ]);
  const intermediates = [caIntermediatesPath, caIntermediatesData].filter((member) => member !== undefined);
  for (const text of [caRootsPath, caRootsData, ...intermediates, subjectEmail, subjectHostname]) textOf(text);
  requireOneSource(place, [caRootsPath, caRootsData]);
  if (intermediates.length > 1) throw invalid(place, "names several sources of intermediate certificates");
  if (subjectEmail === undefined && subjectHostname === undefined) throw invalid(place, "names no subject");
  if (rekor) throw invalid(place, "cannot stand with a Rekor key");
  return { type: "unsupported", what: "a certificate of a PKI" };
}
