import type { JsonWebKeyInput, PrivateKeyInput, PublicKeyInput } from "node:crypto";
import { type DerForm, derForm } from "./der.js";
import { bundleHint, type ForeignForm, foreignForm, foreignLabel } from "./foreign-form.js";
import { type Jwk, type JwkMembers, readJwks } from "./jwk.js";
import { type PemBlock, pemBlocks } from "./pem.js";
import { plainForm } from "./plain-form.js";

/** One of the things that a key file holds. A file of several PEM blocks, or a JWK set, has several parts. */
export type KeyPart = PrivatePart | PublicPart | CertificatePart | UnusablePart | ForeignPart;

/** A private key, not yet read. */
export interface PrivatePart {
  readonly kind: "private";
  /** For `createPrivateKey`. */
  readonly input: PrivateKeyInput | JsonWebKeyInput;
  /** Whether a passphrase is needed. */
  readonly encrypted: boolean;
  readonly jwk: JwkMembers | undefined;
}

/** A bare public key, not yet read. */
export interface PublicPart {
  readonly kind: "public";
  /** For `createPublicKey`. */
  readonly input: PublicKeyInput | JsonWebKeyInput;
  readonly jwk: JwkMembers | undefined;
}

/** An X.509 certificate, not yet read. */
export interface CertificatePart {
  readonly kind: "certificate";
  readonly der: Uint8Array;
}

/** Something that says it is a key or certificate, and cannot serve as an asymmetric one. */
interface UnusablePart {
  readonly kind: "unusable";
  /** For messages: `a damaged PEM block "RSA PRIVATE KEY"`. */
  readonly what: string;
  readonly jwk: JwkMembers | undefined;
}

/** Something recognised that this family of schemes does not use. */
interface ForeignPart extends ForeignForm {
  readonly kind: "foreign";
}

/** Far above an RSA key of 16384 bits, a chain of certificates or a JWK set. */
const sizeLimit = 1024 * 1024;

/**
 * Takes a key file apart by its content alone, whatever its name: DER, JWK, JWK set or PEM, also in UTF-16, in base64 or
 * with its line ends lost. No passphrase is needed and nothing is decrypted. Empty: nothing that is known here. Never
 * throws.
 */
export function keyParts(value: Uint8Array): readonly KeyPart[] {
  if (value.length > sizeLimit) return [foreign(`a file of ${value.length} bytes, more than any key has`)];
  const file = plainForm(value);
  const form = derForm(file);
  if (form !== undefined) return [derPart(form, Buffer.from(file))];
  if (isOpenPgp(file)) return [foreign("an OpenPGP key or message")];
  // A byte for a character: PEM is ASCII, and the text around its blocks may be in any encoding.
  const blocks = pemBlocks(Buffer.from(file).toString("latin1"));
  return blocks.length > 0 ? blocks.flatMap(pemPart) : otherParts(file);
}

function derPart(form: DerForm, der: Buffer): KeyPart {
  switch (form) {
    case "certificate":
      return { kind: "certificate", der };
    case "spki":
      return { kind: "public", input: { key: der, format: "der", type: "spki" }, jwk: undefined };
    case "pkcs1-public":
      return { kind: "public", input: { key: der, format: "der", type: "pkcs1" }, jwk: undefined };
    case "pkcs12":
      return foreign("a PKCS#12 bundle", bundleHint);
    case "pkcs7":
      return foreign(
        "a PKCS#7 bundle of certificates",
        "take them out of it: openssl pkcs7 -inform DER -in FILE -print_certs -out CERTS",
      );
    case "certificate-request":
      return foreign("a certificate request", "give the certificate, or the public key");
    case "revocation-list":
      return foreign("a list of revoked certificates", "give the certificate, or the public key");
    case "pkcs8-encrypted":
      return { kind: "private", input: { key: der, format: "der", type: "pkcs8" }, encrypted: true, jwk: undefined };
    case "pkcs8":
      return { kind: "private", input: { key: der, format: "der", type: "pkcs8" }, encrypted: false, jwk: undefined };
    case "pkcs1-private":
      return { kind: "private", input: { key: der, format: "der", type: "pkcs1" }, encrypted: false, jwk: undefined };
    case "sec1":
      return { kind: "private", input: { key: der, format: "der", type: "sec1" }, encrypted: false, jwk: undefined };
  }
}

const knownLabels = /^(?:(?:ENCRYPTED |RSA |EC )?PRIVATE KEY|(?:RSA )?PUBLIC KEY|(?:X509 |TRUSTED )?CERTIFICATE)$/;

/** The content decides what a block is; the label only where the content says nothing. */
function pemPart(block: PemBlock): readonly KeyPart[] {
  if (/ PARAMETERS$/.test(block.label)) return [];
  const other = foreignLabel(block.label);
  if (other !== undefined) return [foreign(other.what, other.hint)];
  if (block.encrypted) {
    return [{ kind: "private", input: { key: block.text, format: "pem" }, encrypted: true, jwk: undefined }];
  }
  const form = block.body && derForm(block.body);
  if (form !== undefined && block.body !== undefined) return [derPart(form, Buffer.from(block.body))];
  if (!knownLabels.test(block.label)) return [foreign("a PEM block of a kind that is not known here")];
  return [{ kind: "unusable", what: `a damaged PEM block "${block.label}"`, jwk: undefined }];
}

function otherParts(file: Uint8Array): readonly KeyPart[] {
  const jwks = readJwks(new TextDecoder().decode(file));
  if (jwks !== undefined) return jwks.map(jwkPart);
  const other = foreignForm(file);
  return other === undefined ? [] : [foreign(other.what, other.hint)];
}

function jwkPart({ kind, key, members }: Jwk): KeyPart {
  if (key === undefined) return { kind: "unusable", what: `a ${kind} JWK`, jwk: members };
  const input = { key, format: "jwk" } as const;
  if (kind === "private") return { kind, input, encrypted: false, jwk: members };
  return { kind: "public", input, jwk: members };
}

/** RFC 9580 section 4.2: the top bit is set in every packet's first byte; keys and messages begin with these types. */
function isOpenPgp(file: Uint8Array): boolean {
  const first = file[0] ?? 0;
  const type = first & 0x40 ? first & 0x3f : (first >> 2) & 0x0f;
  return (first & 0x80) !== 0 && openPgpTypes.has(type);
}

/** Encrypted session key, secret key, public key. */
const openPgpTypes: ReadonlySet<number> = new Set([1, 3, 5, 6]);

function foreign(what: string, hint?: string): ForeignPart {
  return { kind: "foreign", what, hint };
}

/**
 * What a file is, for messages: `a certificate`, `an age key`; with a hint, where there is one. Undefined: no form that is
 * known.
 */
export function describeForm(value: Uint8Array): ForeignForm | undefined {
  const parts = keyParts(value);
  const part = parts.find(({ kind }) => kind === "unusable") ?? parts[0];
  if (part === undefined) return undefined;
  switch (part.kind) {
    case "private":
    case "public":
      return { what: `a ${part.kind} key in PEM, DER or JWK form`, hint: undefined };
    case "certificate":
      return { what: "a certificate", hint: undefined };
    case "unusable":
      return { what: part.what, hint: undefined };
    case "foreign":
      return part;
  }
}
