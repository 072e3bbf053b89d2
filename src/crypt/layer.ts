import { createHash } from "node:crypto";
import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";
import { type Digest, parseDigest } from "../oci/digest.js";
import type { BlockCipher, PlainLayer } from "./block-cipher.js";
import { cipherOf } from "./ciphers/index.js";
import { type EnvelopePart, partsOf, publicOptionsOf, withEnvelope } from "./envelope.js";
import type { DecryptionKey, EncryptionKey, Unwrap, Wrap, WrappedKey, WrapperOptions } from "./key-wrapper.js";
import {
  decodePrivateOptions,
  encodePrivateOptions,
  encodePublicOptions,
  type LayerOptions,
  type PublicOptions,
} from "./layer-options.js";
import type { SchemeRow } from "./scheme-row.js";
import { helpOf, rowOfSuffix, schemeRow, schemes } from "./schemes/index.js";

type Annotations = Readonly<Record<string, string>>;

/** Loads every recipient, once per image. USAGE when there is none; KEY_INVALID for a key that cannot be used. */
export async function loadRecipients(keys: readonly EncryptionKey[], options: WrapperOptions = {}): Promise<Wrap> {
  if (keys.length === 0) throw new OciEncError("USAGE", "no recipient is given", { context: { missing: "recipient" } });
  const names = [...new Set(keys.map((key) => key.scheme))];
  const wraps = await Promise.all(
    names.map(async (name) => {
      const wrapper = await schemeRow(name).load();
      return wrapper.wrapFor(
        keys.filter((key) => key.scheme === name),
        options,
      );
    }),
  );
  return async (secret) => (await Promise.all(wraps.map((wrap) => wrap(secret)))).flat();
}

/** Keys that have been read, each by the scheme that knows it. */
export type Keyring = readonly Opener[];

interface Opener {
  readonly row: SchemeRow;
  readonly unwrap: Unwrap;
}

/** What the keys are loaded for. */
export interface KeyringOptions extends WrapperOptions {
  /** One layer's annotations: then only schemes with wrapped keys in them are loaded, and unusable keys are not reported. */
  readonly envelope?: Annotations | undefined;
}

/** Loads every scheme that can use one of the keys. KEY_INVALID when no scheme can read one of them. */
export async function loadKeyring(keys: readonly DecryptionKey[], options: KeyringOptions = {}): Promise<Keyring> {
  for (const key of keys) if (key.scheme !== undefined) schemeRow(key.scheme);
  const openers: Opener[] = [];
  const used = new Set<DecryptionKey>();
  for (const row of rowsFor(options.envelope)) {
    const offered = keys.filter((key) => key.scheme === undefined || key.scheme === row.scheme);
    if (offered.length === 0 && !row.holdsOwnKeys) continue;
    const unwrapper = await (await row.load()).unwrapWith(offered, options);
    if (!unwrapper) continue;
    openers.push({ row, unwrap: unwrapper.unwrap });
    for (const key of unwrapper.used) used.add(key);
  }
  const unread = options.envelope ? [] : keys.filter((key) => !used.has(key));
  for (const key of unread) await explain(key);
  return openers;
}

function rowsFor(envelope: Annotations | undefined): readonly SchemeRow[] {
  const rows = [...schemes.values()];
  if (envelope === undefined) return rows;
  const suffixes = partsOf(envelope).map(({ suffix }) => suffix);
  return rows.filter((row) => suffixes.some((suffix) => row.owns(suffix)));
}

/** What a layer's envelope gave up to a key. */
export interface Unwrapped {
  readonly options: LayerOptions;
  readonly cipher: BlockCipher;
  /**
   * Equal for envelopes that decrypt the same bytes to the same content, and for no others: one blob decrypts to two
   * contents with two keys. Tells nothing about the key.
   */
  readonly opening: string;
}

/** What can be read of an envelope without a key: its public options, checked as far as possible, and the cipher that they name. */
export interface PublicEnvelope {
  readonly options: PublicOptions;
  readonly cipher: BlockCipher;
}

/** Reads what needs no key. CORRUPT when it is missing or malformed, UNSUPPORTED when the cipher is unknown. */
export function readPublicEnvelope(annotations: Annotations | undefined): PublicEnvelope {
  const options = publicOptionsOf(annotations);
  const cipher = cipherOf(options.cipher);
  cipher.checkPublic(options);
  return { options, cipher };
}

/**
 * Opens the envelope in a layer's annotations. Every scheme with a key is tried on every part of its own; a broken part
 * does not hide a good one. KEY_MISMATCH when no part opens, CORRUPT when what was unwrapped or the public options are
 * malformed, UNSUPPORTED when the cipher is unknown. No key is tried on an envelope that no key could decrypt.
 */
export async function openEnvelope(annotations: Annotations | undefined, keyring: Keyring): Promise<Unwrapped> {
  const { options: open, cipher } = readPublicEnvelope(annotations);
  const secret = await unwrapEnvelope(annotations, keyring);
  try {
    const options: LayerOptions = { public: open, private: decodePrivateOptions(secret) };
    cipher.check(options);
    return { options, cipher, opening: openingOf(options) };
  } finally {
    secret.fill(0);
  }
}

function openingOf(options: LayerOptions): string {
  const secret = encodePrivateOptions(options.private);
  try {
    return createHash("sha256").update(encodePublicOptions(options.public)).update(secret).digest("hex");
  } finally {
    secret.fill(0);
  }
}

/**
 * The wrapped options as their writer encoded them, to be wrapped for others: every part holds the same. The caller
 * overwrites them. KEY_MISMATCH when no part opens.
 */
export async function unwrapEnvelope(annotations: Annotations | undefined, keyring: Keyring): Promise<Uint8Array> {
  return await unwrapSecret(partsOf(annotations), keyring);
}

/** A layer that is being sealed: bytes, and annotations once they have been drained. */
export interface SealedLayer {
  readonly bytes: ByteStream;
  /** Once: the key is overwritten afterwards. `digest` is that of the plain blob. */
  annotate(digest: Digest): Promise<(annotations: Annotations | undefined) => Record<string, string>>;
}

/** Seals one layer under a key of its own. */
export function sealLayer(cipher: BlockCipher, wrap: Wrap, plain: PlainLayer): SealedLayer {
  const sealing = cipher.seal(plain);
  return {
    bytes: sealing.bytes,
    async annotate(digest) {
      const options = sealing.options(digest);
      const secret = encodePrivateOptions(options.private);
      try {
        const wrappedKeys = await wrap(secret);
        if (wrappedKeys.length === 0) throw new Error("a layer was encrypted for nobody");
        return (annotations) => withEnvelope(annotations, wrappedKeys, options.public);
      } finally {
        secret.fill(0);
        options.private.symmetricKey.fill(0);
      }
    },
  };
}

/**
 * An envelope of the length that the layer's will have, from a secret that decrypts nothing: a recipient that cannot be
 * wrapped for fails here, and how much a manifest will grow is known before a byte moves.
 */
export async function estimateEnvelope(
  wrap: Wrap,
  cipher: BlockCipher,
): Promise<(annotations: Annotations | undefined) => Record<string, string>> {
  const digest = parseDigest(`sha256:${"0".repeat(64)}`);
  const options = cipher.sampleOptions(digest);
  const wrappedKeys = await wrap(encodePrivateOptions(options.private));
  return (annotations) => withEnvelope(annotations, wrappedKeys, options.public);
}

async function unwrapSecret(parts: readonly EnvelopePart[], keyring: Keyring): Promise<Uint8Array> {
  const failures: Failure[] = [];
  for (const { suffix, wrapped } of parts) {
    const openers = keyring.filter((opener) => opener.row.owns(suffix));
    if (openers.length === 0) failures.push({ why: `${suffix}: no key of this scheme was given` });
    for (const opener of openers) {
      const outcome = wrapped ? await attempt(opener, wrapped) : { why: `${suffix}: the wrapped key is not base64` };
      if (outcome instanceof Uint8Array) return outcome;
      failures.push(outcome);
    }
  }
  throw noKeyOpens(parts, failures, keyring);
}

/** Why a part did not open. */
interface Failure {
  readonly why: string;
  /** Undefined: no key was for it, which is not an error. */
  readonly error?: OciEncError;
}

/** The secret, or why this opener did not give it. */
async function attempt(opener: Opener, wrapped: WrappedKey): Promise<Uint8Array | Failure> {
  try {
    return (await opener.unwrap(wrapped)) ?? { why: `${wrapped.suffix}: no given key decrypts it` };
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code === "ABORTED") throw error;
    return { why: `${wrapped.suffix}: ${error.message}`, error };
  }
}

/** Says what a key is that no scheme took. KEY_INVALID, always. */
async function explain(key: DecryptionKey): Promise<never> {
  const { readPrivateKeys } = await import("../keys/key-file.js");
  readPrivateKeys(key, { accept: (read) => read });
  throw new OciEncError("KEY_INVALID", `no scheme takes the key in ${JSON.stringify(key.origin)}`, {
    hint: `a key file holds a private key of one of the schemes ${[...schemes.keys()].join(", ")}`,
  });
}

/** An annotation suffix; where no key of its scheme was given, with how one is given. */
function withMissingKey(suffix: string, keyring: Keyring): string {
  const row = rowOfSuffix(suffix);
  return row === undefined || keyring.some((opener) => opener.row.owns(suffix))
    ? suffix
    : `${suffix} (${row.help.missingKey})`;
}

/** A hint for where no key is given: how each scheme takes one. */
export function waysToGiveAKey(): string {
  return `give one: ${helpOf("missingKey").join("; ")}`;
}

/** KEY_PROVIDER when a provider, token or agent failed, since its key may be the right one; else KEY_MISMATCH. */
function noKeyOpens(parts: readonly EnvelopePart[], failures: readonly Failure[], keyring: Keyring): OciEncError {
  const suffixes = [...new Set(parts.map(({ suffix }) => withMissingKey(suffix, keyring)))].join(", ") || "nobody";
  const tried = [...new Set(failures.map(({ why }) => why))].slice(0, 20).join("; ");
  const elsewhere = failures.find(({ error }) => error?.code === "KEY_PROVIDER")?.error;
  return new OciEncError(
    elsewhere === undefined ? "KEY_MISMATCH" : "KEY_PROVIDER",
    tried === "" ? "the layer has no recipients" : `no key decrypts it (${tried})`,
    {
      cause: elsewhere,
      hint: elsewhere?.hint ?? `the layer is encrypted for: ${suffixes}; "oci-enc layerinfo" shows the recipients`,
    },
  );
}
