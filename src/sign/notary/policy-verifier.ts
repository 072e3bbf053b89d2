import { OciEncError } from "../../errors.js";
import type { Verifier } from "../verifier.js";
import { type SigningCertificate, sameCertificate } from "./chain/certificate.js";
import { checkValidity } from "./chain/chain.js";
import { checkExpiry, type SigningScheme } from "./envelope/attributes.js";
import { notaryFormats } from "./envelope/envelopes.js";
import { accepted, checkIntegrity, judging, type ValidSignature } from "./integrity.js";
import { quoted } from "./json-shape.js";
import { implies, subjectAttributes } from "./trust/identity.js";
import { type TrustCheck, trustChecks } from "./trust/levels.js";
import type { JudgingStatement, StoreName } from "./trust/trust-policy.js";
import type { TrustStores } from "./trust/trust-store.js";

/**
 * Judges Notary signatures by one statement of a trust policy, found with `selectStatement`; a statement of level skip
 * has no verifier, as its images are not judged. Whatever the level, an image without a single accepted signature fails:
 * `log` excuses a signature's faults, never its absence. `signing-and-policy.md` 2.6.
 */
export function notaryVerifier(statement: JudgingStatement, stores: TrustStores): Verifier {
  return {
    name: `notary trust policy ${quoted(statement.name)}`,
    formats: notaryFormats,
    judge: (signature, image, now) =>
      judging(async () => {
        const sound = checkIntegrity(signature, image);
        const { notes, unproven } = await excusesOf({ sound, statement, stores, now });
        return { ...accepted(sound, notes), ...(unproven === undefined ? {} : { unproven }) };
      }),
  };
}

/** What is looked at. */
interface Case {
  readonly sound: ValidSignature;
  readonly statement: JudgingStatement;
  readonly stores: TrustStores;
  readonly now: Date;
}

type Check = (looked: Case) => Promise<void>;

/** Each throws UNTRUSTED, UNSUPPORTED or CORRUPT. */
const checks: Readonly<Record<TrustCheck, Check>> = {
  authenticity: checkAuthenticity,
  expiry: async ({ sound, now }) => checkExpiry(sound.attributes, now),
  authenticTimestamp: checkTimestamp,
  revocation: checkRevocation,
};

/** What failed and is only logged. */
interface Excuses {
  readonly notes: readonly string[];
  /** That of authenticity: then anybody may have signed. */
  readonly unproven: string | undefined;
}

/** Makes every check that is not skipped; throws for the first one that fails and is enforced. */
async function excusesOf(looked: Case): Promise<Excuses> {
  const notes: string[] = [];
  let unproven: string | undefined;
  for (const name of trustChecks) {
    const action = looked.statement.actions[name];
    const failure = action === "skip" ? undefined : await failureOf(checks[name](looked));
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

/** Stores of another kind say nothing about the scheme. */
const storeTypes: Readonly<Record<SigningScheme, StoreName["type"]>> = {
  "notary.x509": "ca",
  "notary.x509.signingAuthority": "signingAuthority",
};

async function checkAuthenticity({ sound, statement, stores }: Case): Promise<void> {
  const type = storeTypes[sound.attributes.scheme];
  const trusted: SigningCertificate[] = [];
  for (const store of statement.stores) {
    if (store.type === type) trusted.push(...(await stores.certificates(store)));
  }
  if (trusted.length === 0) {
    const problem = `the signing scheme ${sound.attributes.scheme} needs a trust store of type ${type}, and none is named`;
    throw new OciEncError("UNTRUSTED", problem);
  }
  const { certificates, leaf } = sound.chain;
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
 * Whether the signature was made while the chain was valid. A signing authority vouches for the time itself. A signer does
 * not, so that without a timestamp the chain has to be valid now.
 */
async function checkTimestamp({ sound, statement, now }: Case): Promise<void> {
  const { scheme, signedAt } = sound.attributes;
  if (scheme === "notary.x509.signingAuthority") return checkValidity(sound.chain, signedAt);
  const named = statement.stores.some(({ type }) => type === "tsa");
  const expired = sound.chain.certificates.some(({ validTo }) => !(now <= validTo));
  if (!named || (statement.timestamps === "afterCertExpiry" && !expired)) return checkValidity(sound.chain, now);
  if (!sound.timestamped) {
    throw new OciEncError("UNTRUSTED", "the trust policy asks for a timestamp, and the signature has none");
  }
  throw new OciEncError(
    "UNSUPPORTED",
    'timestamps cannot be verified here: the trust policy can say "override": {"authenticTimestamp": "log"}',
  );
}

/** A root cannot be revoked but by taking it out of its store. */
async function checkRevocation({ sound }: Case): Promise<void> {
  const revocable = sound.chain.certificates.slice(0, -1).find((certificate) => certificate.revocable);
  if (revocable === undefined) return;
  throw new OciEncError(
    "UNSUPPORTED",
    `whether ${revocable.label} was revoked cannot be asked here: the trust policy can say "override": {"revocation": "skip"}`,
  );
}
