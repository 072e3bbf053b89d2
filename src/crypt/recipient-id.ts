import { OciEncError } from "../errors.js";
import type { KnownRecipient, RecipientInfo } from "./key-wrapper.js";

/** How somebody names a recipient: `SCHEME:ID`, taken apart. */
export interface RecipientId {
  readonly scheme: string;
  readonly id: string;
}

/** Reads `SCHEME:ID`. USAGE when it is not of this form. */
export function parseRecipientId(text: string): RecipientId {
  const colon = text.indexOf(":");
  const [scheme, id] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  if (scheme !== "" && id !== "") return { scheme, id };
  throw new OciEncError("USAGE", `not a recipient's name: ${JSON.stringify(text.slice(0, 300))}`, {
    hint: 'write SCHEME:ID, the ID as "oci-enc recipients list" shows it, for example jwe:KID or pgp:0x0123456789ABCDEF',
  });
}

/**
 * Whether a name means this recipient: the kid of a jwe, the key id or fingerprint of a pgp key, issuer and serial or
 * the serial alone of a pkcs7 certificate, a provider with or without the key that it names. What a packet does not say
 * is found through `known`: a certificate's fingerprint, the thumbprint of a key with a name of its own.
 */
export function isNamed(info: RecipientInfo, name: RecipientId, known: readonly KnownRecipient[] = []): boolean {
  if (info.id === "" || info.scheme !== name.scheme) return false;
  const same = comparisons.get(info.scheme) ?? ((one: string, other: string) => one === other);
  if (same(name.id, info.id)) return true;
  return known.some(
    (recipient) => isRecipient(info, recipient) && recipient.aliases.some((alias) => sameAlias(alias, name.id)),
  );
}

/** Whether a packet says that it is for this recipient. It proves nothing: anybody can write any name into a packet. */
export function isRecipient(info: RecipientInfo, known: KnownRecipient): boolean {
  if (info.id === "" || known.id === "" || info.scheme !== known.scheme) return false;
  return info.scheme === "provider" ? sameProvider(known.id, info.id) : info.id === known.id;
}

type Comparison = (name: string, id: string) => boolean;

const comparisons: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ["pgp", (name, id) => sameKeyId(hexDigits(name), hexDigits(id))],
  ["pkcs7", (name, id) => name === id || sameSerial(name, id.slice(id.lastIndexOf("#") + 1))],
  ["provider", sameProvider],
]);

/** RFC 9580: a key id is the end of a version 4 fingerprint, and the beginning of a version 6 one. */
function sameKeyId(name: string, keyId: string): boolean {
  if (name.length === 40) return name.endsWith(keyId);
  return name.length === 64 ? name.startsWith(keyId) : name === keyId;
}

function hexDigits(text: string): string {
  return text.replace(/^0x/i, "").replaceAll(/[\s:]/g, "").toUpperCase();
}

/** As OpenSSL and others print them: either case, with colons or without, with or without leading zeros. */
function sameSerial(name: string, serial: string): boolean {
  const plain = (text: string) => hexDigits(text).replace(/^0+(?=.)/, "");
  return /^[0-9A-F]+$/.test(plain(name)) && plain(name) === plain(serial);
}

function sameProvider(name: string, id: string): boolean {
  return id === name || id.startsWith(`${name}:`);
}

function sameAlias(alias: string, name: string): boolean {
  const digits = hexDigits(alias);
  return alias === name || (/^[0-9A-F]+$/.test(digits) && digits === hexDigits(name));
}
