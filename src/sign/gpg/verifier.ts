import type { PublicKey } from "openpgp";
import { OciEncError } from "../../errors.js";
import { type Claims, missingClaim } from "../claims.js";
import { refusal } from "../refusal.js";
import type { Accepted, Judgement, Signature, SignedImage } from "../signature.js";
import { parsePayload, type SimpleSigningPayload } from "../simple-signing/payload.js";
import type { Verifier } from "../verifier.js";
import { readSignedMessage, type SignedMessage } from "./message.js";
import { readRings } from "./ring.js";

/** What a message must say beside being good. */
export interface GpgRules {
  /** All of them, word for word, among what is in `optional`. */
  readonly claims?: Claims | undefined;
}

/**
 * Judges simple-signing messages by the keys of `rings`, binary or armoured. A key has to be good at the time of judging,
 * as GnuPG has it: one that has expired or was revoked since vouches for nothing. Signing subkeys count with their primary
 * key. KEY_INVALID when the rings have no key that can be read. `signing-and-policy.md` 3.1.
 */
export async function gpgVerifier(rings: readonly Uint8Array[], { claims = {} }: GpgRules = {}): Promise<Verifier> {
  const keys = await readRings(rings);
  const [only, ...more] = keys;
  return {
    name: only && more.length === 0 ? `gpg key ${fingerprintOf(only)}` : `gpg ring of ${keys.length} keys`,
    formats: ["gpg"],
    judge: (signature, image, now) => judge(signature, image, { keys, now, claims }),
  };
}

interface Trust {
  readonly keys: readonly PublicKey[];
  readonly now: Date;
  readonly claims: Claims;
}

/** Who made a message whose signature holds, and what it says. */
interface Opened {
  readonly content: Uint8Array;
  readonly primary: PublicKey;
  /** Of the key or subkey that made it. */
  readonly fingerprint: string;
  readonly created: Date | undefined;
}

async function judge(signature: Signature, image: SignedImage, trust: Trust): Promise<Judgement> {
  try {
    const opened = await open(await readSignedMessage(signature.content), trust);
    const payload = parsePayload(opened.content, "atomic container signature");
    if (payload.digest !== image.descriptor.digest) throw untrusted(`it is about ${payload.digest}`);
    const lacking = missingClaim(trust.claims, payload.optional ?? {});
    if (lacking !== undefined) throw untrusted(`it does not claim ${quoted(lacking)} as required`);
    return await accepted(opened, payload, trust.now);
  } catch (error) {
    return refusal(error);
  }
}

async function open({ message, signature }: SignedMessage, { keys, now }: Trust): Promise<Opened> {
  const keyId = signature.issuerKeyID;
  const primary = keys.find((key) => key.getKeys(keyId).length > 0);
  if (primary === undefined) throw untrusted(`it is by the key ${keyId.toHex().toUpperCase()}, which is not trusted`);
  const signing = await usableNow(primary, keyId, now);
  const { verify } = await import("openpgp");
  const { data, signatures } = await verify({
    message,
    verificationKeys: primary,
    format: "binary",
    date: now,
    // A key that was given a new term has no older self-signature; it has been found to be good at the time of judging.
    config: { allowInsecureVerificationWithReformattedKeys: true },
  });
  const [only, ...more] = signatures;
  if (only === undefined || more.length > 0) throw untrusted(`it has ${signatures.length} signatures`);
  await only.verified.catch((cause: unknown) => {
    throw untrusted(`its signature by ${fingerprintOf(primary)} does not hold: ${reason(cause)}`, cause);
  });
  return { content: data, primary, fingerprint: fingerprintOf(signing), created: signature.created ?? undefined };
}

/** The library asks whether a key was good when it signed; this asks about now, and about revocations of any time. */
async function usableNow(
  primary: PublicKey,
  keyId: ReturnType<PublicKey["getKeyID"]>,
  now: Date,
): Promise<Pick<PublicKey, "getFingerprint">> {
  if (await primary.isRevoked(undefined, undefined, endOfTime)) {
    throw untrusted(`the key ${fingerprintOf(primary)} is revoked`);
  }
  return await primary.getSigningKey(keyId, now).catch((cause: unknown) => {
    throw untrusted(`the key ${fingerprintOf(primary)} cannot be relied on at this time: ${reason(cause)}`, cause);
  });
}

/** The latest that a Date can be. */
const endOfTime = new Date(8.64e15);

async function accepted(opened: Opened, payload: SimpleSigningPayload, now: Date): Promise<Accepted> {
  const { creator, timestamp, ...claims } = payload.optional ?? {};
  const primary = fingerprintOf(opened.primary);
  const notes = [`the key is of ${await userIdOf(opened.primary, now)}`];
  if (opened.fingerprint !== primary) notes.push(`made by the subkey ${opened.fingerprint}`);
  if (typeof creator === "string") notes.push(`made with ${quoted(creator)}`);
  return {
    verdict: "accepted",
    signer: `gpg ${primary}`,
    identity: payload.reference,
    claims,
    signedAt: typeof timestamp === "number" ? dateOf(timestamp) : opened.created,
    notes,
  };
}

function dateOf(seconds: number): Date | undefined {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

async function userIdOf(key: PublicKey, now: Date): Promise<string> {
  const { user } = await key.getPrimaryUser(now);
  return quoted(user.userID?.userID ?? "");
}

/** What somebody wrote, cut and with nothing in it that a terminal would obey. */
function quoted(text: string): string {
  return JSON.stringify(text.replace(/\p{C}/gu, "\uFFFD").slice(0, 128));
}

function fingerprintOf(key: Pick<PublicKey, "getFingerprint">): string {
  return key.getFingerprint().toUpperCase();
}

/** The library's own words, which quote nothing but key ids and dates. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : "it cannot be read";
  const [first = ""] = message.replace(/^Error [^:]{1,60}: /, "").split("\n");
  return `${first.charAt(0).toLowerCase()}${first.slice(1, 200)}`;
}

function untrusted(why: string, cause?: unknown): OciEncError {
  return new OciEncError("UNTRUSTED", why, { cause });
}
