import { OciEncError } from "../../errors.js";
import { type DerValue, expect, objectIdentifier, parts, readDer, smallInteger, tags } from "./der.js";

/** The members of a certificate that Node's own reader does not hand out, or not in their encoded form. */
export interface X509Fields {
  /** 1 to 3, as people count. */
  readonly version: number;
  /** The content of the number, not interpreted. */
  readonly serial: Uint8Array;
  /** The algorithm as the signed part names it: an AlgorithmIdentifier. */
  readonly innerAlgorithm: DerValue;
  /** A Name, encoded. */
  readonly issuer: Uint8Array;
  /** A Name, encoded. */
  readonly subject: Uint8Array;
  /** From when and until when, not interpreted. */
  readonly validity: DerValue;
  /** A SubjectPublicKeyInfo. */
  readonly publicKeyInfo: DerValue;
  /** The algorithm of the issuer's signature: an AlgorithmIdentifier. */
  readonly signatureAlgorithm: DerValue;
  /** By dotted identifier. */
  readonly extensions: ReadonlyMap<string, X509Extension>;
}

/** RFC 5280 section 4.2. */
export interface X509Extension {
  readonly critical: boolean;
  /** The encoded value inside. */
  readonly value: Uint8Array;
}

/** Reads them by RFC 5280 section 4.1. CORRUPT when that is not what `encoded` is; no signature is checked. */
export function readX509Fields(encoded: Uint8Array): X509Fields {
  const [body, algorithm] = parts(expect(readDer(encoded), tags.sequence));
  const members = parts(expect(body, tags.sequence));
  const [version, ...rest] = members[0]?.tag === 0xa0 ? members : [undefined, ...members];
  const [serial, innerAlgorithm, issuer, validity, subject, publicKeyInfo] = rest;
  return {
    version: version === undefined ? 1 : smallInteger(parts(version)[0]) + 1,
    serial: expect(serial, tags.integer).content,
    innerAlgorithm: expect(innerAlgorithm, tags.sequence),
    issuer: expect(issuer, tags.sequence).encoded,
    validity: expect(validity, tags.sequence),
    subject: expect(subject, tags.sequence).encoded,
    publicKeyInfo: expect(publicKeyInfo, tags.sequence),
    signatureAlgorithm: expect(algorithm, tags.sequence),
    extensions: readExtensions(members.find((member) => member.tag === 0xa3)),
  };
}

/** A BOOLEAN, which in DER is one of two octets. CORRUPT otherwise. */
export function derBoolean(value: DerValue | undefined): boolean {
  const { content } = expect(value, tags.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw malformed("has a strange truth value");
  return content[0] === 0xff;
}

function readExtensions(value: DerValue | undefined): ReadonlyMap<string, X509Extension> {
  const extensions = new Map<string, X509Extension>();
  if (value === undefined) return extensions;
  const [list] = parts(value);
  for (const entry of parts(expect(list, tags.sequence))) {
    const [id, ...rest] = parts(expect(entry, tags.sequence));
    const name = objectIdentifier(id);
    if (extensions.has(name)) throw malformed(`has the extension ${name} twice`);
    if (rest.length > 2) throw malformed(`has an extension ${name} of too many parts`);
    const critical = rest.length === 2 && derBoolean(rest[0]);
    extensions.set(name, { critical, value: expect(rest.at(-1), tags.octetString).content });
  }
  return extensions;
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `the certificate ${how}`);
}
