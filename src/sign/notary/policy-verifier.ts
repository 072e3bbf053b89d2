import { OciEncError } from "../../errors.js";
import type { Verifier } from "../verifier.js";
import { type SigningCertificate, sameCertificate } from "./chain/certificate.js";
import { checkValidity } from "./chain/chain.js";
import { checkExpiry, type SigningScheme } from "./envelope/attributes.js";
import { notaryFormats } from "./envelope/envelopes.js";
import { accepted, checkIntegrity, type ValidSignature, verdictOf } from "./integrity.js";
import { quoted } from "./json-shape.js";
import { implies, subjectAttributes } from "./trust/identity.js";
import { type TrustCheck, trustChecks } from "./trust/levels.js";
import type { StoreName, VerifyingStatement } from "./trust/trust-policy.js";
import type { TrustStores } from "./trust/trust-store.js";

/**
 * Checks Notary signatures by one statement of a trust policy, found with `selectStatement`. A statement of level skip has
 * no verifier, as signatures of its images are not checked. At every level an image needs one accepted signature: `log`
 * excuses what is wrong with a signature, and not that there is none. `signing-and-policy.md` 2.6.
 */
export function notaryVerifier(statement: VerifyingStatement, stores: TrustStores): Verifier {
  return {
    name: `notary trust policy ${quoted(statement.name)}`,
    formats: notaryFormats,
    verify: (signature, image, now) =>
      verdictOf(async () => {
        const valid = checkIntegrity(signature, image);
        const { notes, unproven } = await excusesOf({ valid, statement, stores, now });
        return { ...accepted(valid, notes), ...(unproven === undefined ? {} : { unproven }) };
      }),
  };
}

/** One signature that is being checked, and by what. */
interface Case {
  readonly valid: ValidSignature;
  readonly statement: VerifyingStatement;
  readonly stores: TrustStores;
  readonly now: Date;
}

type Check = (one: Case) => Promise<void>;

/** Each throws UNTRUSTED, UNSUPPORTED or CORRUPT. */
const checks: Readonly<Record<TrustCheck, Check>> = {
  authenticity: checkAuthenticity,
  expiry: async ({ valid, now }) => checkExpiry(valid.attributes, now),
  authenticTimestamp: checkTimestamp,
  revocation: checkRevocation,
};

/** What failed and is only logged. */
interface Excuses {
  readonly notes: readonly string[];
  /** Why authenticity failed: then the signer may be anybody. */
  readonly unproven: string | undefined;
}

/** Makes every check that is not skipped; throws for the first one that fails and is enforced. */
async function excusesOf(one: Case): Promise<Excuses> {
  const notes: string[] = [];
  let unproven: string | undefined;
  for (const name of trustChecks) {
    const action = one.statement.actions[name];
    const failure = action === "skip" ? undefined : await failureOf(checks[name](one));
    if (failure === undefined) continue;
    if (action === "enforce") throw failure;
    notes.push(`${name}, only logged: ${failure.message}`);
    if (name === "authenticity") unproven = failure.message;
  }
  return { notes, unproven };
}

async function failureOf(check: Promise<void>): Promise<OciEncError | undefined> {
  try {
    await check;
    return undefined;
  } catch (error) {
    if (error instanceof OciEncError) return error;
    throw error;
  }
}

/** The type of store that a signing scheme is checked against. */
const storeTypes: Readonly<Record<SigningScheme, StoreName["type"]>> = {
  "notary.x509": "ca",
  "notary.x509.signingAuthority": "signingAuthority",
};

async function checkAuthenticity({ valid, statement, stores }: Case): Promise<void> {
  const type = storeTypes[valid.attributes.scheme];
  const trusted: SigningCertificate[] = [];
  for (const store of statement.stores) {
    if (store.type === type) trusted.push(...(await stores.certificates(store)));
  }
  if (trusted.length === 0) {
    const problem = `the signing scheme ${valid.attributes.scheme} needs a trust store of type ${type}, and none is named`;
    throw new OciEncError("UNTRUSTED", problem);
  }
  const { certificates, leaf } = valid.chain;
  if (!certificates.some((one) => trusted.some((other) => sameCertificate(one, other)))) {
    throw new OciEncError("UNTRUSTED", `no certificate of the chain of ${leaf.label} is in the trust stores`);
  }
  if (statement.identities === undefined) return;
  const subject = subjectAttributes(leaf.subject);
  if (subject === undefined || !statement.identities.some((identity) => implies(subject, identity))) {
    throw new OciEncError("UNTRUSTED", `${leaf.label} matches none of the trusted identities`);
  }
}

/**
 * Whether the signature was made while the chain was valid. The time of a signing authority is
 * trusted. A signer's is not: without a timestamp, the chain has to be valid now.
 */
async function checkTimestamp({ valid, statement, now }: Case): Promise<void> {
  const { scheme, signedAt } = valid.attributes;
  if (scheme === "notary.x509.signingAuthority") return checkValidity(valid.chain, signedAt);
  const named = statement.stores.some(({ type }) => type === "tsa");
  const expired = valid.chain.certificates.some(({ validTo }) => !(now <= validTo));
  if (!named || (statement.timestamps === "afterCertExpiry" && !expired)) return checkValidity(valid.chain, now);
  if (!valid.timestamped) {
    throw new OciEncError("UNTRUSTED", "the trust policy asks for a timestamp, and the signature has none");
  }
  throw new OciEncError(
    "UNSUPPORTED",
    'timestamps cannot be verified here: the trust policy can say "override": {"authenticTimestamp": "log"}',
  );
}

/** A root is not revoked: it is taken out of its store. */
async function checkRevocation({ valid }: Case): Promise<void> {
  const revocable = valid.chain.certificates.slice(0, -1).find((certificate) => certificate.revocable);
  if (revocable === undefined) return;
  throw new OciEncError(
    "UNSUPPORTED",
    `whether ${revocable.label} was revoked cannot be asked here: the trust policy can say "override": {"revocation": "skip"}`,
  );
}
