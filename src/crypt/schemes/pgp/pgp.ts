import type { PrivateKey } from "openpgp";
import { OciEncError } from "../../../errors.js";
import {
  packetTags,
  readPackets,
  readSessionKeyHeader,
  type SessionKeyHeader,
  withoutSessionKey,
} from "../../../keys/openpgp-packets.js";
import { decryptWithGpg, findGpg, type Gpg, listKeys } from "../../../keys/pgp/gpg.js";
import { exactPart, isShortKeyId, names } from "../../../keys/pgp/identity.js";
import { isKeyData } from "../../../keys/pgp/key-data.js";
import { type KeyName, keyNameOf } from "../../../keys/pgp/key-name.js";
import { secretKeysOf } from "../../../keys/pgp/secret-keys.js";
import type {
  DecryptionKey,
  KeyWrapper,
  RecipientInfo,
  Unwrap,
  Unwrapper,
  WrappedKey,
  WrapperOptions,
} from "../../key-wrapper.js";
import { identifyKeys, identityOf, recipientKeys } from "./public-keys.js";

/**
 * OpenPGP messages, one for all recipients: `wire-format.md` 4.2. Public keys come from key files or from gpg's
 * keyring, secret keys from key files, or stay with gpg, its agent and its smart cards (`--key pgp:ADDRESS`).
 */
export const pgp: KeyWrapper = {
  scheme: "pgp",

  async wrapFor(keys, options = {}) {
    const encryptionKeys = await recipientKeys(keys, options);
    return async (secret) => {
      const { createMessage, encrypt } = await import("openpgp");
      // A session key given from here keeps the library from the newer container that no peer reads.
      const sessionKey = { data: crypto.getRandomValues(new Uint8Array(32)), algorithm: "aes256" } as const;
      const message = await createMessage({ binary: secret, date: new Date(0) });
      const wildcard = options.anonymous ?? false;
      try {
        const bytes = await encrypt({
          message,
          encryptionKeys: [...encryptionKeys],
          sessionKey,
          wildcard,
          format: "binary",
        });
        return [{ suffix: "pgp", bytes }];
      } finally {
        sessionKey.data.fill(0);
      }
    };
  },

  async unwrapWith(keys, options = {}) {
    const openers: { readonly key: DecryptionKey; readonly open: Unwrap }[] = [];
    for (const key of keys) {
      if (isKeyData(key.value)) openers.push({ key, open: unwrapWithKeys(await secretKeysOf(key)) });
      else if (key.scheme === "pgp") openers.push({ key, open: await unwrapWithGpg(key, options) });
    }
    return openers.length === 0 ? undefined : firstOf(openers);
  },

  recipients(wrapped) {
    try {
      return sessionKeyHeaders(wrapped.bytes).map(describe);
    } catch {
      return [{ kind: "unreadable", scheme: "pgp", algorithm: "", id: "", label: "a damaged OpenPGP message" }];
    }
  },

  async identify(keys, options = {}) {
    const known = keys.map(async (key) => await identifyKeys(key, { ...options, progress: undefined }));
    return (await Promise.all(known)).flat();
  },

  without: ({ suffix, bytes }, index) => ({ suffix, bytes: withoutSessionKey(bytes, index) }),
};

/** A layer's options have some two hundred bytes. What decompresses to far more is an attack. */
const maximumSecret = 64 * 1024;

/** Tries each in turn. What one of them says is wrong is kept for the case that no other opens the message. */
function firstOf(openers: readonly { readonly key: DecryptionKey; readonly open: Unwrap }[]): Unwrapper {
  return {
    used: openers.map(({ key }) => key),
    async unwrap(wrapped) {
      let failure: unknown;
      for (const { open } of openers) {
        try {
          const secret = await open(wrapped);
          if (secret !== undefined) return secret;
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure !== undefined) throw failure;
      return undefined;
    },
  };
}

function unwrapWithKeys(keys: readonly PrivateKey[]): Unwrap {
  const own = new Set(keys.flatMap((key) => identityOf(key).keyIds));
  return async (wrapped) => {
    const match = matchRecipient(wrapped, own);
    if (match === "no") return undefined;
    const { decrypt, readMessage } = await import("openpgp");
    try {
      const message = await readMessage({
        binaryMessage: wrapped.bytes,
        config: { maxDecompressedMessageSize: maximumSecret },
      });
      const opened = await decrypt({
        message,
        decryptionKeys: [...keys],
        format: "binary",
        config: {
          // Nothing is encrypted for weak and old keys, but what was encrypted for them has to open.
          minRSABits: 1024,
          rejectPublicKeyAlgorithms: new Set(),
          allowUnauthenticatedMessages: false,
          maxDecompressedMessageSize: maximumSecret,
        },
      });
      return limited(opened.data);
    } catch {
      if (match === "perhaps") return undefined;
      // The library's reason is left out: it must not be told why a message cannot be decrypted.
      throw new OciEncError("CORRUPT", "the OpenPGP message names a given key, which does not decrypt it");
    }
  };
}

async function unwrapWithGpg(key: DecryptionKey, options: WrapperOptions): Promise<Unwrap> {
  const name = keyNameOf(key);
  if (name === undefined) throw new Error("key data is opened without gpg");
  const gpg = await findGpg(options);
  const own = new Set(await secretKeyIds(gpg, name));
  return async (wrapped) => {
    if (matchRecipient(wrapped, own) === "no") return undefined;
    return limited(await decryptWithGpg(gpg, wrapped.bytes, key.passphrase));
  };
}

/** Of all secret keys that gpg holds, when the name is empty; else of those that it names. */
async function secretKeyIds(gpg: Gpg, { text, shown }: KeyName): Promise<readonly string[]> {
  const keys = (await listKeys(gpg, "secret")).filter((key) => text === "" || names(text, key));
  if (keys.length > 0) return keys.flatMap((key) => exactPart(text, key) ?? key.keyIds);
  const whose = text === "" ? "" : ` for ${shown}`;
  throw new OciEncError("KEY_INVALID", `gpg holds no secret key${whose}`, {
    hint: isShortKeyId(text)
      ? "a key id of eight digits is not unique: write the long key id or the fingerprint"
      : "gpg --list-secret-keys shows what it holds; another keyring is chosen with --gpg-homedir or GNUPGHOME",
  });
}

/**
 * Whether a message is for one of these key ids; `perhaps` when it does not name its recipients. CORRUPT when its
 * content is not protected against changes.
 */
function matchRecipient(wrapped: WrappedKey, own: ReadonlySet<string>): "yes" | "perhaps" | "no" {
  const headers = sessionKeyHeaders(wrapped.bytes);
  if (headers.some(({ keyId }) => own.has(keyId))) return "yes";
  return headers.some(({ keyId }) => keyId === "") ? "perhaps" : "no";
}

function sessionKeyHeaders(message: Uint8Array): readonly SessionKeyHeader[] {
  const packets = readPackets(message);
  const content = packets.find(({ tag }) => tag !== packetTags.sessionKey && tag !== packetTags.passwordSessionKey);
  if (content?.tag !== packetTags.integrityProtected && content?.tag !== packetTags.aeadEncrypted) {
    throw new OciEncError("CORRUPT", "an OpenPGP message without integrity protection");
  }
  return packets.filter(({ tag }) => tag === packetTags.sessionKey).map(({ body }) => readSessionKeyHeader(body));
}

function describe({ keyId, algorithm }: SessionKeyHeader): RecipientInfo {
  const name = algorithms.get(algorithm) ?? `algorithm ${algorithm}`;
  const whom = keyId === "" ? "anonymous" : `0x${keyId}`;
  return { kind: "recipient", scheme: "pgp", algorithm: name, id: keyId === "" ? "" : whom, label: `${name} ${whom}` };
}

/** RFC 9580 section 9.1: those that encrypt. */
const algorithms: ReadonlyMap<number, string> = new Map([
  [1, "RSA"],
  [2, "RSA"],
  [16, "ElGamal"],
  [18, "ECDH"],
  [25, "X25519"],
  [26, "X448"],
]);

function limited(secret: unknown): Uint8Array {
  if (secret instanceof Uint8Array && secret.length <= maximumSecret) return secret;
  throw new OciEncError("CORRUPT", `the OpenPGP message holds more than ${maximumSecret} bytes`);
}
