import { type KeyObject, publicEncrypt } from "node:crypto";
import { OciEncError } from "../../../errors.js";
import { thumbprint } from "../../../keys/jwk.js";
import { knownAlgorithm } from "../../../keys/jwk-purpose.js";
import { type FileKey, holdsKey, readPrivateKeys, readPublicKeys } from "../../../keys/key-file.js";
import { labelText } from "../../../keys/label.js";
import type {
  DecryptionKey,
  EncryptionKey,
  KeyWrapper,
  KnownRecipient,
  RecipientInfo,
  Unwrapper,
  Wrap,
  WrappedKey,
  WrapperOptions,
} from "../../key-wrapper.js";
import { openWithShortRsa } from "./short-rsa.js";
import { type JweRecipient, readJwe, withoutRecipient } from "./wrapped-key.js";

/**
 * JSON Web Encryption, RFC 7516, for RSA and elliptic curve keys. Written is one flattened JWE per recipient, since
 * ocicrypt-rs opens only the first recipient of a general one; read are all three serialisations.
 */
export const jwe: KeyWrapper = {
  scheme: "jwe",
  wrapFor,
  unwrapWith,
  recipients,
  identify: async (keys) => keys.flatMap(identify),
  without: ({ suffix, bytes }, index) => ({ suffix, bytes: withoutRecipient(bytes, index) }),
};

type KeyType = "rsa" | "ec";

/** The allow-list for wrapping a content key. Anything else in a wrapped key (`none`, `dir`, PBES2, RSA1_5) is never tried. */
const algorithms: ReadonlyMap<string, KeyType> = new Map([
  ["RSA-OAEP", "rsa"],
  ["RSA-OAEP-256", "rsa"],
  ["ECDH-ES+A128KW", "ec"],
  ["ECDH-ES+A192KW", "ec"],
  ["ECDH-ES+A256KW", "ec"],
]);

/** What is written for a key that does not name its algorithm: the one that every implementation reads. */
const defaultAlgorithm: Readonly<Record<KeyType, string>> = { rsa: "RSA-OAEP", ec: "ECDH-ES+A256KW" };

/** The allow-list for the content itself. */
const contentEncryptions: ReadonlySet<string> = new Set([
  "A128GCM",
  "A192GCM",
  "A256GCM",
  "A128CBC-HS256",
  "A192CBC-HS384",
  "A256CBC-HS512",
]);

/** OpenSSL's names for the curves of RFC 7518 section 6.2.1.1. */
const curves: ReadonlyMap<string | undefined, string> = new Map([
  ["prime256v1", "P-256"],
  ["secp384r1", "P-384"],
  ["secp521r1", "P-521"],
]);

/** The recipient of a wrapped key that is to be written. */
interface Recipient {
  readonly key: KeyObject;
  readonly alg: string;
  readonly thumbprint: string;
  /** Its own name, else the thumbprint. */
  readonly kid: string;
}

async function wrapFor(keys: readonly EncryptionKey[], options: WrapperOptions = {}): Promise<Wrap> {
  const distinct = new Map<string, Recipient>();
  for (const file of keys) {
    const found = readPublicKeys(file, {
      purpose: "encrypt",
      accept: (key) => recipientFor(key, file.origin),
      ignored: ({ message }) => options.progress?.({ type: "warning", code: "KEY_IGNORED", message }),
    });
    for (const recipient of found) {
      const id = `${recipient.alg} ${recipient.thumbprint}`;
      if (!distinct.has(id)) distinct.set(id, recipient);
    }
  }
  const anonymous = options.anonymous === true;
  return (secret) => Promise.all([...distinct.values()].map((recipient) => seal(secret, recipient, anonymous)));
}

/** Each key of a file as a JWK of its own, with its name and algorithm. */
function identify(file: EncryptionKey): readonly KnownRecipient[] {
  const found = readPublicKeys(file, { purpose: "encrypt", accept: (key) => recipientFor(key, file.origin) });
  return found.map(({ key, alg, kid, thumbprint: print }) => {
    const jwk = { ...key.export({ format: "jwk" }), alg, ...(kid !== print && { kid }) };
    const single = { ...file, value: Buffer.from(JSON.stringify(jwk)) };
    return { scheme: "jwe", id: kid, thumbprint: `${alg} ${print}`, aliases: [print], key: single };
  });
}

function recipientFor({ key, jwk }: FileKey, origin: string): Recipient {
  const type = keyType(key, origin);
  const alg = jwk?.alg ?? defaultAlgorithm[type];
  if (algorithms.get(alg) !== type) {
    const fitting = [...algorithms].filter(([, of]) => of === type).map(([name]) => name);
    throw unusable(origin, `is for ${knownAlgorithm(alg)}`, `use a key for ${fitting.join(", ")}`);
  }
  if ((jwk?.kid?.length ?? 0) > kidLimit) throw unusable(origin, `has a "kid" longer than ${kidLimit} characters`);
  if (type === "rsa") tryRsa(key, origin);
  const print = thumbprint(key);
  return { key, alg, thumbprint: print, kid: jwk?.kid ?? print };
}

/** OpenSSL reads any two numbers as an RSA key; that they are none shows when they are used, which must not be later. */
function tryRsa(key: KeyObject, origin: string): void {
  try {
    publicEncrypt(key, new Uint8Array(1));
  } catch {
    throw unusable(origin, "cannot be encrypted for");
  }
}

/** Members in the order of go-jose; the `kid` is unprotected, where ocicrypt of any version overlooks it. */
async function seal(secret: Uint8Array, { key, alg, kid }: Recipient, anonymous: boolean): Promise<WrappedKey> {
  // Only this part of jose, and only now: listing an image's recipients does without it.
  const { FlattenedEncrypt } = await import("jose/jwe/flattened/encrypt");
  const sealed = await new FlattenedEncrypt(secret).setProtectedHeader({ alg, enc: "A256GCM" }).encrypt(key);
  const wrapped = {
    protected: sealed.protected,
    ...(!anonymous && { header: { kid } }),
    encrypted_key: sealed.encrypted_key,
    iv: sealed.iv,
    ciphertext: sealed.ciphertext,
    tag: sealed.tag,
  };
  return { suffix: "jwe", bytes: Buffer.from(JSON.stringify(wrapped), "utf8") };
}

/** A private key, and what tells whether a wrapped key may be for it. */
interface Opener {
  readonly key: KeyObject;
  readonly type: KeyType;
  /** Its own `kid`, and its thumbprint. */
  readonly names: ReadonlySet<string>;
}

async function unwrapWith(
  keys: readonly DecryptionKey[],
  { progress }: WrapperOptions = {},
): Promise<Unwrapper | undefined> {
  const weak = (message: string) => progress?.({ type: "warning", code: "KEY_WEAK", message });
  const used = keys.filter((key) => key.scheme === "jwe" || holdsKey(key.value));
  const openers = used.flatMap((file) =>
    readPrivateKeys(file, { purpose: "decrypt", weak, accept: (key) => openerFor(key, file.origin) }),
  );
  return openers.length === 0 ? undefined : { used, unwrap: (wrapped) => unwrap(wrapped, openers) };
}

function openerFor({ key, jwk }: FileKey, origin: string): Opener {
  const type = keyType(key, origin);
  return { key, type, names: new Set([thumbprint(key), ...(jwk?.kid === undefined ? [] : [jwk.kid])]) };
}

/**
 * Tries every key on every recipient that it may be, those that the wrapped key names first: a `kid` may be missing, or be
 * that of another naming. Which step of a decryption failed is not told apart: undefined is all that anyone learns.
 */
async function unwrap(wrapped: WrappedKey, openers: readonly Opener[]): Promise<Uint8Array | undefined> {
  const recipients = readJwe(wrapped.bytes);
  refuseUnsupported(recipients);
  const attempts = recipients.flatMap((recipient) =>
    openers
      .filter((opener) => fits(recipient, opener))
      .map((opener) => ({ recipient, opener, named: opener.names.has(recipient.kid) })),
  );
  attempts.sort((one, other) => Number(other.named) - Number(one.named));
  for (const { recipient, opener } of attempts) {
    const secret = await open(recipient, opener);
    if (secret !== undefined) return secret;
  }
  return undefined;
}

/** UNSUPPORTED for a JWE that is not decrypted with any key; CORRUPT for one that does not name its algorithms. */
function refuseUnsupported(recipients: readonly JweRecipient[]): void {
  for (const { header } of recipients) {
    // Nothing to do with images compresses inside a JWE; a bomb would.
    if (header("zip") !== undefined) throw unsupported("is compressed");
    // RFC 7516 section 4.1.13: what must be understood and is not makes the whole invalid.
    if (header("crit") !== undefined) throw unsupported("demands extensions of the format");
  }
  if (!recipients.some(isSupported)) {
    const { alg, enc } = recipients[0] ?? { alg: "", enc: "" };
    if (alg === "" || enc === "")
      throw new OciEncError("CORRUPT", "the JWE wrapped key does not say how it is encrypted");
    throw unsupported(`uses ${quoted(alg)} with ${quoted(enc)}, which is not accepted`);
  }
}

function isSupported({ alg, enc }: JweRecipient): boolean {
  return algorithms.has(alg) && contentEncryptions.has(enc);
}

/** Leaves out what cannot succeed, before anything costly is done with a wrapped key that nobody vouches for. */
function fits(recipient: JweRecipient, { key, type }: Opener): boolean {
  if (!isSupported(recipient) || algorithms.get(recipient.alg) !== type) return false;
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) {
    return Buffer.byteLength(recipient.flattened.encrypted_key, "base64url") === Math.ceil(modulusLength / 8);
  }
  const epk = recipient.header("epk");
  return typeof epk === "object" && epk !== null && "crv" in epk && epk.crv === curves.get(namedCurve);
}

async function open(recipient: JweRecipient, { key }: Opener): Promise<Uint8Array | undefined> {
  if ((key.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048) return openWithShortRsa(recipient, key);
  const { flattenedDecrypt } = await import("jose/jwe/flattened/decrypt");
  try {
    const { plaintext } = await flattenedDecrypt(recipient.flattened, key, {
      keyManagementAlgorithms: [...algorithms.keys()],
      contentEncryptionAlgorithms: [...contentEncryptions],
      maxDecompressedLength: 0,
    });
    return plaintext;
  } catch {
    // jose's errors, TypeErrors and DOMExceptions (a point off its curve) alike: it is not for this key.
    return undefined;
  }
}

function recipients(wrapped: WrappedKey): readonly RecipientInfo[] {
  try {
    return readJwe(wrapped.bytes).map(describe);
  } catch {
    return [{ kind: "unreadable", scheme: "jwe", algorithm: "", id: "", label: "unreadable" }];
  }
}

/** Longer ones are not written, and cut where they are shown. */
const kidLimit = 1024;

function describe({ alg, kid }: JweRecipient): RecipientInfo {
  const algorithm = labelText(alg);
  const label = `${algorithm || "unknown algorithm"}${kid === "" ? "" : ` kid=${labelText(kid)}`}`;
  const kind = alg === "" && kid === "" ? "unreadable" : "recipient";
  return { kind, scheme: "jwe", algorithm, id: kid.slice(0, kidLimit), label };
}

/** KEY_INVALID for a key that no algorithm of the allow-list takes. */
function keyType(key: KeyObject, origin: string): KeyType {
  const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails: details } = key;
  if (type === "rsa" || (type === "ec" && curves.has(details?.namedCurve))) return type;
  const found =
    type === "ec" ? `is on the curve ${quoted(details?.namedCurve ?? "")}` : `is of the type ${quoted(type)}`;
  throw unusable(origin, found, "usable are RSA keys, and elliptic curve keys on P-256, P-384 or P-521");
}

function unusable(origin: string, fault: string, hint?: string): OciEncError {
  return new OciEncError("KEY_INVALID", `the key in ${quoted(origin)} ${fault}`, { hint });
}

function unsupported(fault: string): OciEncError {
  return new OciEncError("UNSUPPORTED", `the JWE wrapped key ${fault}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 160));
}
