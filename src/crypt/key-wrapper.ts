import type { KeyContext } from "../keys/key-context.js";

export type { SchemeSettings } from "../keys/key-context.js";

/** A key to encrypt for: `jwe:pub.pem` arrives here as { scheme: "jwe", value: <the file>, origin: "pub.pem" }. */
export interface EncryptionKey {
  readonly scheme: string;
  /** A file's content, or what followed the scheme where the scheme takes text. No message may quote it. */
  readonly value: Uint8Array;
  /** Whether `value` is a file's content, and so never a name to look up. Undefined: its form tells. */
  readonly isFile?: boolean | undefined;
  /** For messages. Never the value itself, but what the scheme's row says may be shown of it. */
  readonly origin: string;
}

/** A key to decrypt with. A private key file does not say which scheme it is for: every scheme is asked. */
export interface DecryptionKey {
  /** Undefined: any scheme that can read it. */
  readonly scheme?: string | undefined;
  /** As {@link EncryptionKey} has it. */
  readonly value: Uint8Array;
  /** As {@link EncryptionKey} has it. */
  readonly isFile?: boolean | undefined;
  readonly passphrase?: Uint8Array | undefined;
  /** For messages. Never the value itself, but what the scheme's row says may be shown of it. */
  readonly origin: string;
}

/** One wrapped secret, as an annotation holds it. */
export interface WrappedKey {
  /** The annotation suffix: what follows `org.opencontainers.image.enc.keys.` in the annotation's name, `jwe` or `provider.NAME`. */
  readonly suffix: string;
  readonly bytes: Uint8Array;
}

/** Wrapped keys for all the keys given to `wrapFor`; a scheme may put several recipients into one wrapped key. */
export type Wrap = (secret: Uint8Array) => Promise<readonly WrappedKey[]>;

/** Undefined: not for these keys. Throws when it is for them and yet broken. */
export type Unwrap = (wrapped: WrappedKey) => Promise<Uint8Array | undefined>;

/** What a scheme made of the keys that it was offered. */
export interface Unwrapper {
  readonly unwrap: Unwrap;
  /** Those of the offered keys that are this scheme's. A key that no scheme uses is reported as unreadable. */
  readonly used: readonly DecryptionKey[];
}

/** Whom a wrapped key is for, as far as it says so without a key. */
export interface RecipientInfo {
  /**
   * `recipient`: the wrapped key can be read as far as that needs no key. `unreadable`: it is not what its scheme writes, so
   * nobody can decrypt with it. `unknown-scheme`: no scheme here reads it, and its recipient may well.
   */
  readonly kind: "recipient" | "unreadable" | "unknown-scheme";
  /** The scheme; of an unknown one the annotation suffix. */
  readonly scheme: string;
  /** Of the key wrapping: `RSA-OAEP`. Empty when the wrapped key does not say. */
  readonly algorithm: string;
  /** The name by which this recipient can be matched: a kid, key id, serial. Empty when the wrapped key does not say. */
  readonly id: string;
  /** For people. No decision depends on it. */
  readonly label: string;
}

/** A recipient whose public key is at hand, and what tells it from others. */
export interface KnownRecipient {
  readonly scheme: string;
  /** As {@link RecipientInfo} has it for wrapped keys that are made for this key. Empty: such wrapped keys do not say. */
  readonly id: string;
  /** The same for one public key however it was given, and different for any two. */
  readonly thumbprint: string;
  /** Other names of the key: fingerprints, key ids. */
  readonly aliases: readonly string[];
  /** This recipient alone, where a file held several. */
  readonly key: EncryptionKey;
}

/** What the schemes may be told beside the keys. */
export interface WrapperOptions extends KeyContext {
  /** Leave out of the wrapped keys what identifies the recipient's key. */
  readonly anonymous?: boolean | undefined;
}

/** One scheme of key wrapping: what a `SchemeRow` loads. */
export interface KeyWrapper {
  readonly scheme: string;
  /** Reads the public keys now, so that a bad one fails before a byte moves (KEY_INVALID). */
  wrapFor(keys: readonly EncryptionKey[], options?: WrapperOptions): Promise<Wrap>;
  /**
   * Reads those private keys that are this scheme's. Undefined: none is. KEY_INVALID when one is this scheme's and
   * cannot be read: a wrong or missing passphrase.
   */
  unwrapWith(keys: readonly DecryptionKey[], options?: WrapperOptions): Promise<Unwrapper | undefined>;
  /** Whom a wrapped key is for. Never throws: a wrapped key that cannot be read yields one entry that says so. */
  recipients(wrapped: WrappedKey): readonly RecipientInfo[];
  /** The recipients that keys stand for, one by one. Reads the keys as `wrapFor` does, and warns of nothing. */
  identify(keys: readonly EncryptionKey[], options?: WrapperOptions): Promise<readonly KnownRecipient[]>;
  /**
   * The wrapped key without the recipient at `index` of `recipients`: the others still open it, and nothing of what was
   * wrapped for that one is left. Asked only of wrapped keys with several recipients. Absent: those of this scheme have one
   * each. CORRUPT when the wrapped key cannot be read.
   */
  without?(wrapped: WrappedKey, index: number): WrappedKey;
}
