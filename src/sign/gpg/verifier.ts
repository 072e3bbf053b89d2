import type { PublicKey } from "openpgp";
import { OciEncError } from "../../errors.js";
import { libraryReason } from "../../keys/pgp/library-limits.js";
import { refusal } from "../refusal.js";
import type { Accepted, Signature, SignatureVerdict, SignedImage } from "../signature.js";
import { parsePayload, type SimpleSigningPayload } from "../simple-signing/payload.js";
import type { Verifier } from "../verifier.js";
import { readKeyrings } from "./keyring.js";
import { type OpenedMessage, openMessage } from "./message.js";

/**
 * Checks simple-signing messages by the keys of `keyrings`, binary or armoured. A key has to be valid at the time of the
 * check, as for GnuPG: a key that has expired or was revoked since is not trusted. Signing subkeys count with their
 * primary key. KEY_INVALID when the keyrings have no key that can be read. `signing-and-policy.md` 3.1.
 */
export async function gpgVerifier(keyrings: readonly Uint8Array[]): Promise<Verifier> {
  const keys = await readKeyrings(keyrings);
  const [only, ...more] = keys;
  return {
    name: only && more.length === 0 ? `gpg key ${fingerprintOf(only)}` : `gpg keyring of ${keys.length} keys`,
    formats: ["gpg"],
    verify: (signature, image, now) => verdictOn(signature, image, { keys, now }),
  };
}

interface Trust {
  readonly keys: readonly PublicKey[];
  readonly now: Date;
}

async function verdictOn(signature: Signature, image: SignedImage, trust: Trust): Promise<SignatureVerdict> {
  try {
    const opened = await openMessage(signature.content, trust.keys, trust.now);
    const signer = await signerOf(opened, trust);
    const payload = parsePayload(opened.content, "atomic container signature");
    if (payload.digest !== image.descriptor.digest) throw untrusted(`it is about ${payload.digest}`);
    return await accepted(signer, payload, { opened, now: trust.now });
  } catch (error) {
    return refusal(error);
  }
}

/** Who made a message. */
interface MessageSigner {
  readonly primary: PublicKey;
  /** Of the key or subkey that made it. */
  readonly fingerprint: string;
}

/**
 * The library has checked that the key was valid when it signed; this checks that it is valid now, and not revoked at any
 * time.
 */
async function signerOf({ keyId }: OpenedMessage, { keys, now }: Trust): Promise<MessageSigner> {
  const primary = keys.find((key) => key.getKeys(keyId).length > 0);
  if (primary === undefined) throw new Error("a message was opened with a key that is not in the keyring");
  const name = fingerprintOf(primary);
  if (await primary.isRevoked(undefined, undefined, endOfTime)) throw untrusted(`the key ${name} is revoked`);
  const signing = await primary.getSigningKey(keyId, now).catch((cause: unknown) => {
    throw untrusted(`the key ${name} cannot be relied on at this time: ${libraryReason(cause)}`, cause);
  });
  return { primary, fingerprint: fingerprintOf(signing) };
}

/** The latest that a Date can be. */
const endOfTime = new Date(8.64e15);

async function accepted(
  signer: MessageSigner,
  payload: SimpleSigningPayload,
  { opened, now }: { readonly opened: OpenedMessage; readonly now: Date },
): Promise<Accepted> {
  const { creator, timestamp, ...claims } = payload.optional ?? {};
  const primary = fingerprintOf(signer.primary);
  const notes: string[] = [];
  const userId = await userIdOf(signer.primary, now);
  if (userId !== undefined) notes.push(`the key is of ${quoted(userId)}`);
  if (signer.fingerprint !== primary) notes.push(`made by the subkey ${signer.fingerprint}`);
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

/** Newer keys need not have one. */
async function userIdOf(key: PublicKey, now: Date): Promise<string | undefined> {
  const primary = await key.getPrimaryUser(now).catch(() => undefined);
  return primary?.user.userID?.userID;
}

/** What somebody wrote, cut and with nothing in it that a terminal would obey. */
function quoted(text: string): string {
  return JSON.stringify(text.replace(/\p{C}/gu, "\uFFFD").slice(0, 128));
}

function fingerprintOf(key: Pick<PublicKey, "getFingerprint">): string {
  return key.getFingerprint().toUpperCase();
}

function untrusted(why: string, cause?: unknown): OciEncError {
  return new OciEncError("UNTRUSTED", why, { cause });
}
