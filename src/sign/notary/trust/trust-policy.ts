import { OciEncError } from "../../../errors.js";
import type { ImageName } from "../../../oci/image-name.js";
import { type JsonNode, parseJson } from "../../../oci/json-text.js";
import { itemsOf, membersOf, quoted, shapeFault, textOf, textsOf } from "../json-shape.js";
import { implies, type NameAttributes, parseIdentity } from "./identity.js";
import { readVerification, type TimestampRule, type TrustActions } from "./levels.js";

/** A trust policy document that is valid as a whole. */
export interface TrustPolicy {
  /** For messages: where it was found. */
  readonly origin: string;
  readonly statements: readonly TrustStatement[];
}

/** The rules for the images of its scopes: how their signatures are checked, or that they are not. */
export type TrustStatement = SkippingStatement | VerifyingStatement;

/** Signatures of its images are not checked. Such images count as not judged, and not as trusted. */
export interface SkippingStatement {
  readonly level: "skip";
  readonly name: string;
  readonly scopes: readonly string[];
}

/** Its images need at least one good signature, at every level. */
export interface VerifyingStatement {
  readonly level: "verify";
  readonly name: string;
  /** Repositories with their host, or `*` alone. */
  readonly scopes: readonly string[];
  readonly actions: TrustActions;
  readonly timestamps: TimestampRule;
  readonly stores: readonly StoreName[];
  /** Undefined: every chain that ends in the stores. */
  readonly identities: readonly NameAttributes[] | undefined;
}

/** `ca:NAME` and its like. */
export interface StoreName {
  readonly type: "ca" | "signingAuthority" | "tsa";
  readonly name: string;
}

/**
 * Reads a trust policy, and refuses it as a whole when a single statement is not valid: CORRUPT. `origin` is for messages.
 * `signing-and-policy.md` 2.6.
 */
export function parseTrustPolicy(bytes: Uint8Array, origin: string): TrustPolicy {
  try {
    return { origin, statements: readDocument(bytes) };
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code !== "CORRUPT") throw error;
    throw new OciEncError("CORRUPT", `the trust policy ${quoted(origin)} is not valid: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * The statement for an image: the one that names its repository, else the one for everything. UNTRUSTED when there is
 * neither. Only `*` covers an image without a name.
 */
export function selectStatement(policy: TrustPolicy, identity: ImageName | undefined): TrustStatement {
  const repository = identity && `${identity.host}/${identity.repository}`;
  const find = (scope: string): TrustStatement | undefined =>
    policy.statements.find(({ scopes }) => scopes.includes(scope));
  const statement = (repository === undefined ? undefined : find(repository)) ?? find(everything);
  if (statement !== undefined) return statement;
  const image = repository === undefined ? "an image without a name" : quoted(repository);
  throw new OciEncError("UNTRUSTED", `the trust policy ${quoted(policy.origin)} has no statement for ${image}`, {
    hint: 'add a statement whose "registryScopes" has the repository, or "*"',
  });
}

const everything = "*";

function readDocument(bytes: Uint8Array): readonly TrustStatement[] {
  const what = "the document";
  const members = membersOf(parseJson(bytes, what).root, what, ["version", "trustPolicies"]);
  const version = textOf(members.get("version"), '"version"');
  if (version !== "1.0") throw shapeFault(what, "has a version that is not 1.0, which alone is known");
  const statements = itemsOf(members.get("trustPolicies"), '"trustPolicies"').map(readStatement);
  if (statements.length === 0) throw shapeFault(what, "has no statement");
  refuseRepeated(
    statements.map(({ name }) => name),
    "name",
  );
  refuseRepeated(
    statements.flatMap(({ scopes }) => scopes),
    "scope",
  );
  return statements;
}

function refuseRepeated(values: readonly string[], kind: string): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw shapeFault("the document", `has a ${kind} twice`);
    seen.add(value);
  }
}

const statementMembers = ["name", "registryScopes", "signatureVerification", "trustStores", "trustedIdentities"];
const verificationMembers = ["level", "override", "verifyTimestamp"];

function readStatement(node: JsonNode, index: number): TrustStatement {
  const what = `statement ${index + 1}`;
  const members = membersOf(node, what, statementMembers);
  const name = textOf(members.get("name"), `"name" of ${what}`);
  if (name === "") throw shapeFault(what, "has an empty name");
  const list = (member: string): readonly string[] =>
    members.has(member) ? textsOf(members.get(member), `"${member}" of ${what}`) : [];
  const scopes = readScopes(list("registryScopes"), what);
  const [stores, identities] = [list("trustStores"), list("trustedIdentities")];
  const verification = readVerification(
    membersOf(members.get("signatureVerification"), `"signatureVerification" of ${what}`, verificationMembers),
    what,
  );
  if (verification.level === "skip") {
    if (scopes.includes(everything)) throw shapeFault(what, "skips everything");
    if (stores.length + identities.length > 0) throw shapeFault(what, "skips, and has trust stores or identities");
    return { level: "skip", name, scopes };
  }
  if (stores.length === 0 || identities.length === 0) throw shapeFault(what, "lacks trust stores or identities");
  return {
    ...verification,
    name,
    scopes,
    stores: stores.map((store) => readStoreName(store, what)),
    identities: readIdentities(identities, what),
  };
}

/** The grammar of the distribution specification; nothing is completed, so that a scope means what it says. */
const scopePattern =
  /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+$/;

function readScopes(scopes: readonly string[], what: string): readonly string[] {
  if (scopes.length === 0) throw shapeFault(what, "has no scope");
  if (scopes.includes(everything)) {
    if (scopes.length > 1) throw shapeFault(what, "has * beside other scopes");
    return scopes;
  }
  const strange = scopes.findIndex((scope) => scope.length > 512 || !scopePattern.test(scope));
  if (strange < 0) return scopes;
  throw shapeFault(`scope ${strange + 1} of ${what}`, "is not a repository with its host and without a tag");
}

function readStoreName(text: string, what: string): StoreName {
  const [, type, name = ""] = /^(ca|signingAuthority|tsa):([A-Za-z0-9_.-]{1,255})$/.exec(text) ?? [];
  if ((type !== "ca" && type !== "signingAuthority" && type !== "tsa") || /^\.\.?$/.test(name)) {
    throw shapeFault(`a trust store of ${what}`, "is not ca:NAME, signingAuthority:NAME or tsa:NAME");
  }
  return { type, name };
}

function readIdentities(texts: readonly string[], what: string): readonly NameAttributes[] | undefined {
  if (texts.includes("*")) {
    if (texts.length > 1) throw shapeFault(what, "has the identity * beside others");
    return undefined;
  }
  const identities = texts.map((text) => readIdentity(text, what)).filter((identity) => identity !== undefined);
  for (const [index, one] of identities.entries()) {
    const other = identities.find((candidate, at) => at !== index && implies(candidate, one));
    if (other !== undefined) throw shapeFault(what, "has an identity that implies another one");
  }
  return identities;
}

/** Undefined for a kind that is left to plugins: no certificate matches it here. */
function readIdentity(text: string, what: string): NameAttributes | undefined {
  const colon = text.indexOf(":");
  if (colon <= 0) throw shapeFault(`an identity of ${what}`, "is not x509.subject: and attributes");
  return text.slice(0, colon) === "x509.subject" ? parseIdentity(text.slice(colon + 1)) : undefined;
}
