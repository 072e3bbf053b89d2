import { OciEncError } from "../../../errors.js";

/** One recipient of a JWE. Nothing in it is to be trusted before it has been decrypted. */
export interface JweRecipient {
  /** How the content key is wrapped: `RSA-OAEP`. Empty when the header does not say. */
  readonly alg: string;
  /** How the content is encrypted: `A256GCM`. Empty when the header does not say. */
  readonly enc: string;
  /** Empty when the header does not say. */
  readonly kid: string;
  /** Any member of the recipient's header, whichever part of the header holds it. */
  header(name: string): unknown;
  /** The wrapped key as if it were for this recipient alone. */
  readonly flattened: FlattenedJwe;
}

/** RFC 7516 section 7.2.2. */
interface FlattenedJwe {
  readonly protected?: string;
  readonly unprotected?: Header;
  readonly header?: Header;
  readonly encrypted_key: string;
  readonly aad?: string;
  readonly iv: string;
  readonly ciphertext: string;
  readonly tag: string;
}

type Header = Readonly<Record<string, unknown>>;
type Members = ReadonlyMap<string, unknown>;

/** Room for hundreds of recipients. */
const sizeLimit = 512 * 1024;
const recipientLimit = 1000;

/**
 * The recipients of a JWE in any of its three serialisations, RFC 7516 section 7, without a key. CORRUPT when the wrapped key
 * is not a JWE, or is larger than any that tools write.
 */
export function readJwe(wrapped: Uint8Array): readonly JweRecipient[] {
  if (wrapped.length > sizeLimit) throw corrupt(`has ${wrapped.length} bytes, more than ${sizeLimit}`);
  const text = utf8(wrapped, "is not UTF-8").trim();
  const members = text.startsWith("{") ? membersOf(parseJson(text, "is not JSON")) : compactMembers(text);
  const shared = sharedMembers(members);
  const common = commonHeader(shared);
  return ownMembers(members).map((own) => recipient(shared, common, own));
}

/**
 * A general JWE less one of its recipients, RFC 7516 section 7.2.1. The key that go-jose repeats at the top level goes
 * too: it is the first recipient's, and no reader of a general JWE needs it. CORRUPT when the wrapped key has no such list.
 */
export function withoutRecipient(wrapped: Uint8Array, index: number): Uint8Array {
  const members = new Map(membersOf(parseJson(utf8(wrapped, "is not UTF-8"), "is not JSON")));
  const listed = members.get("recipients");
  if (!Array.isArray(listed) || index >= listed.length) throw corrupt("has no such recipient");
  members.set("recipients", listed.toSpliced(index, 1));
  members.delete("encrypted_key");
  return Buffer.from(JSON.stringify(Object.fromEntries(members)), "utf8");
}

/** The five parts under the names that JSON has for them. */
function compactMembers(text: string): Members {
  const parts = text.split(".", 6);
  if (parts.length !== 5) throw corrupt("is neither JSON nor five parts joined by dots");
  const names = ["protected", "encrypted_key", "iv", "ciphertext", "tag"];
  return new Map(names.map((name, i) => [name, parts[i]]));
}

type SharedMembers = Omit<FlattenedJwe, "header" | "encrypted_key">;

function sharedMembers(members: Members): SharedMembers {
  const encodedHeader = base64Url(members, "protected");
  const unprotected = headerIn(members, "unprotected");
  const aad = base64Url(members, "aad");
  const [iv, ciphertext, tag] = [base64Url(members, "iv"), base64Url(members, "ciphertext"), base64Url(members, "tag")];
  if (!iv || ciphertext === undefined || !tag) throw corrupt("lacks its iv, ciphertext or tag");
  return {
    ...(encodedHeader !== undefined && { protected: encodedHeader }),
    ...(unprotected !== undefined && { unprotected }),
    ...(aad !== undefined && { aad }),
    iv,
    ciphertext,
    tag,
  };
}

type OwnMembers = Pick<FlattenedJwe, "header" | "encrypted_key">;

function ownMembers(members: Members): readonly OwnMembers[] {
  const listed = members.get("recipients") ?? [];
  if (!Array.isArray(listed)) throw corrupt('has "recipients" that are not a list');
  if (listed.length > recipientLimit) throw corrupt(`has ${listed.length} recipients, more than ${recipientLimit}`);
  // Beside a list, go-jose repeats the first recipient's key at the top, which RFC 7516 has no place for: the list counts.
  const sources = listed.length === 0 ? [members] : listed.map(membersOf);
  return sources.map((source) => {
    const header = headerIn(source, "header");
    // Some algorithms have none. They are not accepted, but their wrapped keys are JWEs.
    const encryptedKey = base64Url(source, "encrypted_key") ?? "";
    return { ...(header !== undefined && { header }), encrypted_key: encryptedKey };
  });
}

/** The protected and the shared unprotected header together. */
function commonHeader(shared: SharedMembers): Members {
  const encoded = Buffer.from(shared.protected ?? "", "base64url");
  const integrity = encoded.length === 0 ? new Map() : membersOf(parseJson(utf8(encoded, headerFault), headerFault));
  return disjoint(integrity, new Map(Object.entries(shared.unprotected ?? {})));
}

const headerFault = "has a protected header that is not a JSON object";

function recipient(shared: SharedMembers, common: Members, own: OwnMembers): JweRecipient {
  const header = new Map(Object.entries(own.header ?? {}));
  for (const name of header.keys()) if (common.has(name)) throw repeated(name);
  const member = (name: string) => header.get(name) ?? common.get(name);
  const text = (name: string) => {
    const value = member(name);
    return typeof value === "string" ? value : "";
  };
  return { alg: text("alg"), enc: text("enc"), kid: text("kid"), header: member, flattened: { ...shared, ...own } };
}

/** RFC 7516 section 7.2.1: no name may occur in two of the headers. */
function disjoint(one: Members, other: Members): Members {
  for (const name of other.keys()) if (one.has(name)) throw repeated(name);
  return new Map([...one, ...other]);
}

function membersOf(value: unknown): Members {
  if (!isObject(value)) throw corrupt("is not made of JSON objects");
  return new Map(Object.entries(value));
}

/** Undefined: absent, or null as Go may write it. */
function base64Url(members: Members, name: string): string | undefined {
  const value = members.get(name) ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]*$/.test(value))
    throw corrupt(`has a "${name}" that is not base64url`);
  return value;
}

function headerIn(members: Members, name: string): Header | undefined {
  const value = members.get(name) ?? undefined;
  if (value !== undefined && !isObject(value)) throw corrupt(`has a "${name}" that is not a JSON object`);
  return value;
}

function isObject(value: unknown): value is Header {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function utf8(bytes: Uint8Array, fault: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw corrupt(fault);
  }
}

function parseJson(text: string, fault: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw corrupt(fault);
  }
}

function repeated(name: string): OciEncError {
  return corrupt(`has ${JSON.stringify(name.slice(0, 40))} in two of its headers`);
}

function corrupt(fault: string): OciEncError {
  return new OciEncError("CORRUPT", `the JWE wrapped key ${fault}`);
}
