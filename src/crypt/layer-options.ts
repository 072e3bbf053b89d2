import { isBase64 } from "../bytes/base64.js";
import { OciEncError } from "../errors.js";
import { type Digest, isDigest } from "../oci/digest.js";

/** Readable by anyone holding the manifest: the `…enc.pubopts` annotation of ocicrypt. */
export interface PublicOptions {
  readonly cipher: string;
  /** Empty when the writer left it out. */
  readonly hmac: Uint8Array;
  readonly cipherOptions: Readonly<Record<string, Uint8Array>>;
}

/** What the recipients' keys protect. */
export interface PrivateOptions {
  readonly symmetricKey: Uint8Array;
  /** Of the plain layer, where the writer recorded it. A check against accidents, not proof of origin. */
  readonly digest: Digest | undefined;
  readonly cipherOptions: Readonly<Record<string, Uint8Array>>;
}

/** Everything that is needed to open one layer. */
export interface LayerOptions {
  readonly public: PublicOptions;
  readonly private: PrivateOptions;
}

/** The public options as ocicrypt writes them, member for member. */
export function encodePublicOptions(options: PublicOptions): Uint8Array {
  return encode({
    cipher: options.cipher,
    hmac: base64(options.hmac),
    cipheroptions: base64Members(options.cipherOptions),
  });
}

/** The private options as ocicrypt writes them: 193 bytes with a sha256 digest. The caller overwrites them when done. */
export function encodePrivateOptions(options: PrivateOptions): Uint8Array {
  return encode({
    symkey: base64(options.symmetricKey),
    digest: options.digest ?? "",
    cipheroptions: base64Members(options.cipherOptions),
  });
}

/** Reads public options. CORRUPT when they are not what ocicrypt writes; null and missing members count as empty. */
export function decodePublicOptions(bytes: Uint8Array): PublicOptions {
  const members = decode(bytes, "the public options");
  return {
    cipher: text(members.get("cipher"), "cipher"),
    hmac: binary(members.get("hmac"), "hmac"),
    cipherOptions: binaryMembers(members.get("cipheroptions")),
  };
}

/** Reads private options that a recipient's key has just opened. CORRUPT when malformed; no value appears in the message. */
export function decodePrivateOptions(bytes: Uint8Array): PrivateOptions {
  const members = decode(bytes, "the wrapped options");
  const digest = text(members.get("digest"), "digest");
  if (digest !== "" && !isDigest(digest)) throw malformed("digest");
  return {
    symmetricKey: binary(members.get("symkey"), "symkey"),
    digest: digest === "" ? undefined : digest,
    cipherOptions: binaryMembers(members.get("cipheroptions")),
  };
}

function encode(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function base64Members(members: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  return Object.fromEntries(Object.entries(members).map(([name, bytes]) => [name, base64(bytes)]));
}

/** Member names in lower case, as Go matches them without regard to case. */
function decode(bytes: Uint8Array, what: string): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's message may quote the text, which may be secret.
    throw new OciEncError("CORRUPT", `${what} of the layer are not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new OciEncError("CORRUPT", `${what} of the layer are not a JSON object`);
  }
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}

function text(value: unknown, name: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw malformed(name);
  return value;
}

function binary(value: unknown, name: string): Uint8Array {
  const encoded = text(value, name).replace(/[\r\n]/g, "");
  if (!isBase64(encoded)) throw malformed(name);
  return Buffer.from(encoded, "base64");
}

function binaryMembers(value: unknown): Record<string, Uint8Array> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw malformed("cipheroptions");
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toLowerCase(), binary(member, name)]));
}

function malformed(name: string): OciEncError {
  return new OciEncError("CORRUPT", `the layer's encryption options have a malformed "${name}"`);
}
