import { constants, createHash, type KeyObject, privateDecrypt, publicEncrypt } from "node:crypto";
import { OciEncError, systemCode } from "../../../errors.js";
import { readPrivateKeys, readPublicKeys } from "../../../keys/key-file.js";
import { keyParts } from "../../../keys/key-parts.js";
import { type Pkcs11Key, readPkcs11Key } from "../../../keys/pkcs11/key-yaml.js";
import { loadApi } from "../../../keys/pkcs11/module-api.js";
import type { OaepHash } from "../../../keys/pkcs11/oaep.js";
import { openPrivateKey, openTokenKey } from "../../../keys/pkcs11/open-key.js";
import { type OpenToken, withToken } from "../../../keys/pkcs11/token.js";
import { describeUri, looksLikeUri } from "../../../keys/pkcs11/uri.js";
import type { Environment } from "../../../process/child-environment.js";
import type {
  DecryptionKey,
  EncryptionKey,
  KeyWrapper,
  KnownRecipient,
  RecipientInfo,
  WrapperOptions,
} from "../../key-wrapper.js";
import { decodeWrappedKey, encodeWrappedKey, type WrappedBlob, withoutBlob } from "./wrapped-key.js";

/**
 * RSA keys in PKCS#11 tokens, one wrapped key for all recipients: `wire-format.md` 4.4. Encrypts for a public key file without any
 * token, or with a key that a key file or RFC 7512 URI names; decrypts with the token, or with the private key itself
 * where it is also outside of the token.
 */
export const pkcs11: KeyWrapper = {
  scheme: "pkcs11",

  async wrapFor(keys, options = {}) {
    const recipients = await Promise.all(keys.map((key) => readRecipient(key, options)));
    // As in the peers: public key files first, then tokens.
    const ordered = [
      ...recipients.filter(({ kind }) => kind === "file"),
      ...recipients.filter(({ kind }) => kind === "token"),
    ];
    return async (secret) => [{ suffix: "pkcs11", bytes: encodeWrappedKey(ordered.map(({ wrap }) => wrap(secret))) }];
  },

  async unwrapWith(keys, options = {}) {
    const openers: { readonly key: DecryptionKey; readonly open: Open }[] = [];
    for (const key of keys) {
      const open = await readOpener(key, options);
      if (open !== undefined) openers.push({ key, open });
    }
    if (openers.length === 0) return undefined;
    return {
      used: openers.map(({ key }) => key),
      async unwrap(wrapped) {
        const blobs = decodeWrappedKey(wrapped.bytes);
        for (const { open } of openers) {
          const secret = open(blobs);
          if (secret !== undefined) return secret;
        }
        return undefined;
      },
    };
  },

  recipients(wrapped) {
    try {
      return decodeWrappedKey(wrapped.bytes).map(describe);
    } catch {
      return [{ kind: "unreadable", scheme: "pkcs11", algorithm: "", id: "", label: "a damaged PKCS#11 wrapped key" }];
    }
  },

  identify: async (keys) => await Promise.all(keys.map(identify)),

  without: ({ suffix, bytes }, index) => ({ suffix, bytes: withoutBlob(bytes, index) }),
};

interface Recipient {
  readonly kind: "file" | "token";
  wrap(secret: Uint8Array): WrappedBlob;
}

/** Tries each blob; undefined when none is for this key. */
type Open = (blobs: readonly WrappedBlob[]) => Uint8Array | undefined;

async function readRecipient(key: EncryptionKey, options: WrapperOptions): Promise<Recipient> {
  const named = await readPkcs11Key(key);
  const wish = wishedHash(options);
  if (named === undefined) return fileRecipient(key, wish, options);
  const reaching = { passphrase: undefined, environment: environmentOf(options) };
  const [api, tokenKey] = await Promise.all([loadApi(), openTokenKey(named, reaching)]);
  return {
    kind: "token",
    wrap: (secret) =>
      withToken(api, tokenKey, (token) => {
        const blob = token.encrypt(wish.hash, secret);
        if (blob !== undefined) return { blob, hash: wish.hash };
        // Who did not ask for a hash gets what other tools can open with the token, too.
        const older = wish.explicit ? undefined : token.encrypt("sha1", secret);
        if (older === undefined)
          return { blob: encryptOutside(token, secret, { named, hash: wish.hash }), hash: wish.hash };
        warnSha1(`the token of ${JSON.stringify(named.origin)} does not do RSA-OAEP with SHA-256`, options);
        return { blob: older, hash: "sha1" };
      }),
  };
}

function fileRecipient(key: EncryptionKey, wish: Wish, options: WrapperOptions): Recipient {
  const publicKey = publicKeyOf(key);
  const quoted = JSON.stringify(key.origin);
  return {
    kind: "file",
    wrap(secret) {
      const hash = fittingHash(publicKey, secret.length, wish);
      if (hash === undefined) throw tooShort(quoted, wish.hash);
      if (hash !== wish.hash) warnSha1(`the RSA key of ${quoted} is too short for RSA-OAEP with SHA-256`, options);
      return { hash, blob: publicEncrypt({ ...oaepPadding(hash), key: publicKey }, secret) };
    },
  };
}

/** Blobs do not name their recipients: only the thumbprint is known. */
async function identify(key: EncryptionKey): Promise<KnownRecipient> {
  const named = await readPkcs11Key(key);
  const what = named ? placeOf(named) : publicKeyOf(key).export({ type: "spki", format: "der" });
  const thumbprint = createHash("sha256").update(what).digest("base64url");
  return { scheme: "pkcs11", id: "", thumbprint, aliases: [], key };
}

/** Where a key is, without its PIN. */
function placeOf({ uri }: Pkcs11Key): string {
  return JSON.stringify([uri.token, uri.slotId, uri.object, Buffer.from(uri.id ?? []).toString("hex")]);
}

function publicKeyOf(key: EncryptionKey): KeyObject {
  const [publicKey] = readPublicKeys(key, { purpose: "encrypt", accept: (read) => read.key });
  if (publicKey?.asymmetricKeyType === "rsa") return publicKey;
  throw new OciEncError("KEY_INVALID", `${JSON.stringify(key.origin)} is not an RSA key, which pkcs11 needs`);
}

interface Wish {
  readonly hash: OaepHash;
  /** Whether exactly this one was asked for. */
  readonly explicit: boolean;
}

/** OCICRYPT_OAEP_HASHALG as in ocicrypt; SHA-256 where it is not set. USAGE for another value. */
function wishedHash(options: WrapperOptions): Wish {
  const word = environmentOf(options)["OCICRYPT_OAEP_HASHALG"]?.toLowerCase() ?? "";
  if (word === "") return { hash: "sha256", explicit: false };
  if (word === "sha1" || word === "sha256") return { hash: word, explicit: true };
  throw new OciEncError(
    "USAGE",
    `OCICRYPT_OAEP_HASHALG is ${JSON.stringify(word.slice(0, 40))}, expected sha1 or sha256`,
  );
}

/** RFC 8017 section 7.1.1: the message and two hashes and two octets have to fit the modulus. */
function fittingHash(publicKey: KeyObject, length: number, wish: Wish): OaepHash | undefined {
  const room = (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8 - length - 2;
  const order: readonly OaepHash[] = wish.explicit ? [wish.hash] : [wish.hash, "sha1"];
  return order.find((hash) => room >= 2 * hashSizes[hash]);
}

const hashSizes = { sha1: 20, sha256: 32 } as const;

function warnSha1(why: string, options: WrapperOptions): void {
  options.progress?.({ type: "warning", code: "OAEP_SHA1", message: `${why}: SHA-1 is used` });
}

/** KEY_INVALID when the key is too short for this hash: nothing else can be wrong with a public operation. */
function encryptOutside(
  token: OpenToken,
  secret: Uint8Array,
  { named, hash }: { readonly named: Pkcs11Key; readonly hash: OaepHash },
): Uint8Array {
  try {
    return token.encryptOutside(hash, secret);
  } catch (error) {
    if (error instanceof OciEncError || systemCode(error)?.startsWith("ERR_OSSL") !== true) throw error;
    throw tooShort(describeUri(named.uri), hash);
  }
}

function tooShort(whose: string, hash: OaepHash): OciEncError {
  return new OciEncError("KEY_INVALID", `the RSA key of ${whose} is too short for RSA-OAEP with ${hash}`, {
    hint: "take a key of 3072 bits, or set OCICRYPT_OAEP_HASHALG=sha1",
  });
}

async function readOpener(key: DecryptionKey, options: WrapperOptions): Promise<Open | undefined> {
  const named = await readPkcs11Key(key);
  if (named !== undefined) return await tokenOpener(named, key, options);
  if (key.scheme === "pkcs11" && looksLikeUri(Buffer.from(key.value).toString("utf8"))) {
    throw new OciEncError("KEY_INVALID", `${JSON.stringify(key.origin)} is not a PKCS#11 URI on one line`);
  }
  if (key.scheme !== "pkcs11" && !keyParts(key.value).some(({ kind }) => kind === "private")) return undefined;
  const weak = (message: string) => options.progress?.({ type: "warning", code: "KEY_WEAK", message });
  const keys = readPrivateKeys(key, { purpose: "decrypt", weak, accept: (read) => read.key }).filter(
    ({ asymmetricKeyType }) => asymmetricKeyType === "rsa",
  );
  return keys.length === 0 ? undefined : (blobs) => openWithFile(keys, blobs);
}

async function tokenOpener(named: Pkcs11Key, key: DecryptionKey, options: WrapperOptions): Promise<Open> {
  const withKey = await openPrivateKey(named, { passphrase: key.passphrase, environment: environmentOf(options) });
  return (blobs) => withKey((token) => firstSecret(blobs, ({ hash, blob }) => token.decrypt(hash, blob)));
}

function openWithFile(keys: readonly KeyObject[], blobs: readonly WrappedBlob[]): Uint8Array | undefined {
  return firstSecret(blobs, ({ hash, blob }) => {
    for (const key of keys) {
      try {
        return privateDecrypt({ ...oaepPadding(hash), key }, blob);
      } catch {
        // For another key, or broken: which of the two cannot be told.
      }
    }
    return undefined;
  });
}

/** A private operation each: a wrapped key of thousands of blobs must not keep a token busy for minutes. */
const maximumTrials = 256;

function firstSecret(
  blobs: readonly WrappedBlob[],
  open: (blob: WrappedBlob) => Uint8Array | undefined,
): Uint8Array | undefined {
  let unable: OciEncError | undefined;
  for (const blob of blobs.slice(0, maximumTrials)) {
    try {
      const secret = open(blob);
      if (secret !== undefined) return secret;
    } catch (error) {
      // What a token cannot do with one hash it may do with that of the next blob.
      if (!(error instanceof OciEncError) || error.code !== "KEY_PROVIDER") throw error;
      unable ??= error;
    }
  }
  if (unable !== undefined) throw unable;
  return undefined;
}

function oaepPadding(hash: OaepHash): { readonly padding: number; readonly oaepHash: OaepHash } {
  return { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash };
}

function environmentOf(options: WrapperOptions): Environment {
  return options.environment ?? process.env;
}

function describe({ blob, hash }: WrappedBlob): RecipientInfo {
  const algorithm = hash === "sha1" ? "RSA-OAEP" : "RSA-OAEP-256";
  return { kind: "recipient", scheme: "pkcs11", algorithm, id: "", label: `${algorithm} RSA-${blob.length * 8}` };
}
